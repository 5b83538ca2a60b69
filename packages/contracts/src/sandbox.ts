import * as z from "zod";
import { SandboxId, SandboxName } from "./ids.ts";
import { AbsolutePath, EnvName } from "./plain-shapes.ts";
import { DestinationPattern } from "./policy.ts";
import { PublishedPortView, PublishPort } from "./port.ts";
import { Problem } from "./problem.ts";
import { Session } from "./session.ts";
import { TemplateName } from "./template.ts";

/** What a caller lets a sandbox use: whole or part processors, memory in bytes (64 MiB at least), and processes. */
export const WantedLimits = z.strictObject({
  cpus: z.number().positive().max(1024).optional(),
  memoryBytes: z
    .number()
    .int()
    .min(64 * 1024 * 1024)
    .optional(),
  pids: z.number().int().min(16).max(1_000_000).optional(),
  /** What it may write into files of its image's system, and into its home and each volume of its Kits, where the engine can bound that. */
  diskBytes: z
    .number()
    .int()
    .min(64 * 1024 * 1024)
    .optional(),
});
export type WantedLimits = z.infer<typeof WantedLimits>;

/** What a sandbox may use; 4096 processes unless said. */
export const Limits = z.strictObject({ ...WantedLimits.shape, pids: WantedLimits.shape.pids.default(4096) });
export type Limits = z.infer<typeof Limits>;

/** A directory of the host that a sandbox sees at the same path. */
export const WorkspaceMount = z.strictObject({ path: AbsolutePath, readonly: z.boolean() });
export type WorkspaceMount = z.infer<typeof WorkspaceMount>;

/** Labels of a sandbox: keys of letters, digits, dots, dashes and slashes, values of one line. */
const SandboxLabels = z.record(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/),
  z
    .string()
    .max(255)
    .regex(/^[^\n]*$/),
);

/** Which Docker API an agent has: none; one that is answered for its sandbox alone; or the engine's own, which is root on the host. */
export const DockerSocket = z.enum(["none", "guarded", "raw"]);
export type DockerSocket = z.infer<typeof DockerSocket>;

/** What a sandbox is shown of its person's skills: nothing, or all of them read-only, or writable where a Kit asks for it. */
const SkillsMode = z.enum(["off", "readonly", "readwrite"]);

/** A capability type of Kits, such as `com.docker.sandbox/volume@1`. */
export const CapabilityType = z
  .string()
  .max(300)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[a-z0-9]([a-z0-9-]*[a-z0-9])?@[1-9][0-9]*$/);
export type CapabilityType = z.infer<typeof CapabilityType>;

const Count = z.number().int().min(1);
const Size = z
  .number()
  .int()
  .min(64 * 1024 * 1024);

/**
 * What narrows a sandbox's Docker API further than its rules and limits do; it opens nothing. What is absent is not narrowed.
 * It is read from the file of `--docker-policy`.
 */
export const DockerPolicy = z.strictObject({
  version: z.literal(1),
  /** Destinations that containers may reach, of those that the sandbox may. */
  hosts: z.array(DestinationPattern).max(1000).optional(),
  /** Images that may be run, pulled and pushed, of those that are allowed. Patterns as for `sbx docker allow-pull`. */
  images: z.array(z.string().min(1).max(400)).max(1000).optional(),
  /** Of each container, and with `total` of all that run together; sizes in bytes. */
  limits: z
    .strictObject({
      containers: Count.optional(),
      volumes: Count.optional(),
      networks: Count.optional(),
      imageBytes: Size.optional(),
      memoryBytes: Size.optional(),
      cpus: z.number().positive().optional(),
      pids: z.number().int().min(16).optional(),
      totalMemoryBytes: Size.optional(),
      totalCpus: z.number().positive().optional(),
      totalPids: z.number().int().min(16).optional(),
    })
    .optional(),
});
export type DockerPolicy = z.infer<typeof DockerPolicy>;

/**
 * What a caller asks for. The same workspace and agent (or name) give the sandbox that is there already: destinations are
 * then allowed in it too, and what cannot be changed any longer is refused.
 */
export const CreateSandbox = z.strictObject({
  /** Name of an agent profile, or the absolute path of a Kit's directory. */
  agent: z.string().min(1).max(4096),
  workspace: AbsolutePath,
  /** Mixins that are put over the agent: names of the person's own Kits, or absolute paths of directories. */
  kits: z.array(z.string().min(1).max(4096)).max(32).default([]),
  /** Values for arguments of the Kits. */
  args: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string().max(64 * 1024)).default({}),
  /** Further directories. */
  extra: z.array(WorkspaceMount).max(32).default([]),
  name: SandboxName.optional(),
  allow: z.array(DestinationPattern).max(1000).default([]),
  /** Ports of services on the host's loopback that are reachable as `host.docker.internal`. */
  allowHostPorts: z.array(z.number().int().min(1).max(65_535)).max(100).default([]),
  /** A person's own words, to find it by; nothing is decided by them. */
  labels: SandboxLabels.default({}),
  /** Ports that are published at each start. */
  publish: z.array(PublishPort).max(64).default([]),
  /** Paths, absolute or relative to the workspace, that are empty inside. */
  hide: z.array(z.string().min(1).max(4096)).max(100).default([]),
  /** Protected paths that are opened. */
  allowWrite: z.array(z.string().min(1).max(4096)).max(100).default([]),
  env: z.record(EnvName, z.string()).default({}),
  limits: WantedLimits.default({}),
  /** `provider`: the profile's own model service with the person's key; `scripted`: the bundled one; `auto`: provider if a key is there. */
  model: z.enum(["auto", "provider", "scripted"]).default("auto"),
  docker: DockerSocket.default("none"),
  /** Only with a guarded Docker API. */
  dockerPolicy: DockerPolicy.optional(),
  /** A template to start from, which a sandbox of the same agent was saved as. */
  template: TemplateName.optional(),
  /** Read-only unless said. */
  skills: SkillsMode.optional(),
  /** Paths inside at which Kits may have a directory that all their sandboxes share. */
  share: z.array(AbsolutePath).max(32).optional(),
  /** Capability types that no Kit gets: what requires one is refused. */
  reject: z.array(CapabilityType).max(100).optional(),
  /** Where a Kit's name and address for commits are from, in git's form, in place of the person's own settings; `off` for nowhere. */
  gitIdentity: z.union([z.literal("off"), AbsolutePath]).optional(),
  /** Socket of the person's SSH agent, for Kits that ask for one, and a file of the hosts' keys that are known for logins; the person's own `known_hosts` unless said. */
  sshAgent: z.strictObject({ socket: AbsolutePath, knownHosts: AbsolutePath.optional() }).optional(),
});
export type CreateSandbox = z.infer<typeof CreateSandbox>;

/**
 * What a sandbox is made anew of, where that is not what it was made of. With `agent` or `kits` these take the place of all
 * Kits that it has; values of arguments are added to those that it has.
 */
export const RecreateSandbox = z.strictObject({
  agent: CreateSandbox.shape.agent.optional(),
  kits: CreateSandbox.shape.kits.removeDefault().optional(),
  args: CreateSandbox.shape.args,
  reject: CreateSandbox.shape.reject,
});
export type RecreateSandbox = z.infer<typeof RecreateSandbox>;

/** A directory of this machine that a Kit shares among its sandboxes: whose it is, its place in them, and where it lies. */
export const SharedDirectory = z.object({ id: z.string(), kit: z.string(), path: AbsolutePath, directory: AbsolutePath });
export type SharedDirectory = z.infer<typeof SharedDirectory>;

/** One of the Kits that a sandbox was made of. */
export const KitView = z.object({ name: z.string(), kind: z.enum(["workload", "mixin"]), directory: z.string(), version: z.string().optional() });
export type KitView = z.infer<typeof KitView>;

/** `degraded`: the gate is dead, traffic goes on. `cut-off`: nothing gets out until the sandbox is restarted. */
export const NetworkState = z.enum(["waiting", "ready", "degraded", "cut-off"]);
export type NetworkState = z.infer<typeof NetworkState>;

/** Where a sandbox stands in its life; a running one says how its network is, a failed one why it failed. */
export const SandboxState = z.discriminatedUnion("phase", [
  z.object({ phase: z.literal("creating") }),
  z.object({ phase: z.literal("running"), network: NetworkState }),
  z.object({ phase: z.literal("stopped") }),
  z.object({ phase: z.literal("failed"), problem: Problem }),
]);
export type SandboxState = z.infer<typeof SandboxState>;

/** Something in the workspace that the person should know before the agent sees it. */
export const WorkspaceNotice = z.object({
  kind: z.enum(["credential", "protected-link", "too-many-repositories", "nested-unprotected", "socket-masked", "missing-identity", "other"]),
  path: z.string(),
  /** One sentence without full stop. */
  message: z.string(),
});
export type WorkspaceNotice = z.infer<typeof WorkspaceNotice>;

/** A secret of the person's that is put on requests to hosts, as long as it is bound to them; programs see a placeholder in the variable. */
export const CredentialView = z.object({ secret: z.string(), hosts: z.array(z.string()), variable: z.string().optional() });

/** A sandbox as its user sees it: who it is, what it may see and use, and how it and its sessions stand. */
export const Sandbox = z.object({
  id: SandboxId,
  name: SandboxName,
  agent: z.string(),
  workspace: z.string(),
  labels: SandboxLabels.default({}),
  extra: z.array(WorkspaceMount),
  createdAt: z.iso.datetime(),
  state: SandboxState,
  image: z.string(),
  /** Packages of the system that its person installed. */
  packages: z.array(z.string()).default([]),
  template: TemplateName.optional(),
  limits: Limits,
  model: z.object({ service: z.string(), source: z.enum(["provider", "scripted", "none"]) }),
  docker: DockerSocket,
  /** Ports that are published now. */
  ports: z.array(PublishedPortView).default([]),
  sessions: z.array(Session),
  /** Read-only paths inside the workspace. */
  protected: z.array(z.string()),
  hidden: z.array(z.string()),
  notices: z.array(WorkspaceNotice),
  /** Optional capabilities of the profile that were skipped, with the reason. */
  skipped: z.array(z.string()),
  /** The Kits that it was made of, the workload first. */
  kits: z.array(KitView).default([]),
  /** Secrets of the person's that are put on its requests to hosts, as its Kits were granted them. */
  credentials: z.array(CredentialView).default([]),
});
export type Sandbox = z.infer<typeof Sandbox>;

/** What a run left in the workspace. Paths are relative to the workspace. */
export const WorkspaceReport = z.object({
  changed: z.array(z.object({ path: z.string(), change: z.enum(["added", "modified", "removed"]) })),
  /** Whether `changed` is cut at its limit. */
  truncated: z.boolean(),
  /** Files that would run on the host, or change what a host tool runs. */
  runsOnHost: z.array(z.object({ path: z.string(), why: z.string() })),
});
export type WorkspaceReport = z.infer<typeof WorkspaceReport>;
