import type { PublishPort } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { SandboxName } from "@sbx/contracts/ids";
import { TemplateName } from "@sbx/contracts/template";
import { agentReference } from "../agents/agent-reference.ts";
import type { Context } from "../context.ts";
import type { CreateInput } from "./create-with-progress.ts";
import { confirmRawSocket } from "../docker/confirm-raw-socket.ts";
import { readDockerPolicy } from "../docker/read-docker-policy.ts";
import { readEnvFiles } from "./env-file.ts";
import { sessionEnvironment } from "./session-environment.ts";
import { wantedSshAgent } from "./ssh-agent.ts";
import { absolutePath, addDirectory, directoryOfVolume, workspacePath } from "./workspace-path.ts";

/** The options that `run` and `create` share, as commander gives them. */
export interface CreateOptions {
  readonly workspace?: string | undefined;
  readonly name?: string | undefined;
  readonly template?: string | undefined;
  readonly kit: readonly string[];
  readonly arg: Readonly<Record<string, string>>;
  readonly addDir: readonly string[];
  readonly allowHost: readonly string[];
  readonly allowHostPort: readonly number[];
  readonly publish: readonly PublishPort[];
  readonly hide: readonly string[];
  readonly allowWrite: readonly string[];
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly label: Readonly<Record<string, string>>;
  readonly cpus?: number | undefined;
  readonly memory?: number | undefined;
  readonly disk?: number | undefined;
  readonly pids?: number | undefined;
  /** As other tools call it. */
  readonly pidsLimit?: number | undefined;
  readonly volume: readonly string[];
  readonly model: "auto" | "provider" | "scripted";
  readonly share: readonly string[];
  readonly skills?: "off" | "readonly" | "readwrite" | undefined;
  readonly rejectCapability: readonly string[];
  readonly gitIdentityConfig?: string | undefined;
  readonly sshAgent?: string | true | undefined;
  readonly sshKnownHosts?: string | undefined;
  readonly mountDockerSocket?: "guarded" | "raw" | true | undefined;
  readonly dockerPolicy?: string | undefined;
  readonly acceptHostRoot?: true | undefined;
}

/** What a person asked for, in the daemon's words. @throws AppError `USAGE`, `WORKSPACE_INVALID` */
export async function createInput(context: Context, agent: string, { path, options }: { readonly path?: string; readonly options: CreateOptions }): Promise<CreateInput> {
  if (path !== undefined && options.workspace !== undefined)
    throw new AppError("USAGE", { message: `The workspace is named twice: "${options.workspace}" and "${path}"`, fix: "Leave --workspace or PATH out." });
  if (options.name !== undefined) checkName(options.name);
  const docker = await dockerSocket(context, options);
  return {
    agent: agentReference(agent, context),
    kits: options.kit.map((kit) => agentReference(kit, context)),
    args: { ...options.arg },
    workspace: await workspacePath(path ?? options.workspace ?? ".", context),
    extra: await Promise.all([...options.addDir, ...options.volume.map((volume) => directoryOfVolume(volume, context))].map((directory) => addDirectory(directory, context))),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.template === undefined ? {} : { template: templateName(options.template) }),
    allow: [...options.allowHost],
    allowHostPorts: [...options.allowHostPort],
    publish: [...options.publish],
    hide: [...options.hide],
    allowWrite: [...options.allowWrite],
    labels: { ...options.label },
    env: sessionEnvironment([...(await readEnvFiles(options.envFile, context)), ...options.env], context.env),
    limits: limitsOf(options),
    model: options.model,
    ...forKits(context, options),
    ...wantedSshAgent(context, options),
    docker,
    ...(await dockerPolicy(context, options, docker)),
  };
}

/** What Kits are given, or not. */
function forKits(context: Context, { share, skills, rejectCapability, gitIdentityConfig: from }: CreateOptions): Pick<CreateInput, "share" | "skills" | "reject" | "gitIdentity"> {
  return {
    ...(share.length === 0 ? {} : { share: [...share] }),
    ...(skills === undefined ? {} : { skills }),
    ...(rejectCapability.length === 0 ? {} : { reject: [...rejectCapability] }),
    ...(from === undefined ? {} : { gitIdentity: from === "off" ? "off" : absolutePath(from, context) }),
  };
}

async function dockerSocket(context: Context, { mountDockerSocket, acceptHostRoot }: CreateOptions): Promise<CreateInput["docker"]> {
  if (mountDockerSocket === "raw") await confirmRawSocket(context, acceptHostRoot === true);
  return mountDockerSocket === true ? "guarded" : (mountDockerSocket ?? "none");
}

async function dockerPolicy(context: Context, { dockerPolicy: file }: CreateOptions, docker: CreateInput["docker"]): Promise<Pick<CreateInput, "dockerPolicy">> {
  if (file === undefined) return {};
  if (docker !== "guarded")
    throw new AppError("USAGE", {
      message: `--docker-policy narrows the Docker API of --mount-docker-socket, and ${docker === "raw" ? "=raw has no limits" : "none is asked for"}`,
      fix: "Add --mount-docker-socket, without =raw.",
    });
  return { dockerPolicy: await readDockerPolicy(context, file) };
}

function limitsOf({ cpus, memory, disk, pids, pidsLimit }: CreateOptions): NonNullable<CreateInput["limits"]> {
  const most = pids ?? pidsLimit;
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(disk === undefined ? {} : { diskBytes: disk }),
    ...(most === undefined ? {} : { pids: most }),
  };
}

/** Whoever comes from another tool may mean an image. */
function templateName(text: string): string {
  const name = TemplateName.safeParse(text);
  if (name.success) return name.data;
  throw new AppError("USAGE", {
    message: `"${text}" is no template's name: templates are what sbx save makes, and no images of a registry`,
    fix: "List the templates with: sbx template ls; for an image of your own write a Kit with a Dockerfile: sbx help templates",
  });
}

function checkName(name: string): void {
  const parsed = SandboxName.safeParse(name);
  if (!parsed.success) throw new AppError("USAGE", { message: `"${name}" cannot be a sandbox's name: ${parsed.error.issues[0]?.message ?? ""}`, fix: "Write for example: --name my-project" });
}
