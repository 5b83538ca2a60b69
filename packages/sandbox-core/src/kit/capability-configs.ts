import * as z from "zod";
import { AGENT_CAPABILITY, AgentConfig } from "./agent-capability.ts";
import { AgentClient, AgentSessions, AgentSkill, AgentSkills, InteractiveSessions } from "./agent-configs.ts";
import { HostMount, Port, SshAgent, UsbDevice } from "./host-configs.ts";
import { AbsolutePath, CommandLine, EnvName, HostPatternText, Mode } from "./kit-text.ts";
import { NetworkPolicy, RequestPolicy } from "./network-configs.ts";
import { strictShape } from "./strict-shape.ts";

const STANDARD = "com.docker.sandbox";

const Phase = z.enum(["install", "runtime"]);
const Credential = strictShape({
  service: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "a service in lower-case letters, digits and dashes"),
  phase: z.union(
    [
      Phase,
      z
        .array(Phase)
        .min(1)
        .refine((phases) => new Set(phases).size === phases.length, "each phase once"),
    ],
    { error: "install, runtime, or a list of both" },
  ),
  apiKey: strictShape({
    name: EnvName.optional(),
    proxyManaged: z.boolean().optional(),
    inject: z
      .array(strictShape({ domain: HostPatternText, header: z.string().optional(), format: z.string().optional(), scheme: z.string().optional(), username: z.string().optional() }))
      .min(1)
      .optional(),
  })
    .refine(({ name, inject }) => name !== undefined || inject !== undefined, "an apiKey needs a name or inject")
    .optional(),
  oauth: z.looseObject({ tokenEndpoint: z.looseObject({ host: z.string().min(1) }) }).optional(),
}).refine(({ apiKey, oauth }) => apiKey !== undefined || oauth !== undefined, "a credential needs an apiKey or oauth");

const Hook = { command: CommandLine, user: z.string().min(1).optional(), env: z.array(EnvName).max(100).default([]), description: z.string().optional() };
const KitFile = strictShape({ path: AbsolutePath, content: z.string().max(256 * 1024), mode: Mode.optional(), overwrite: z.boolean().default(true), description: z.string().optional() });
const Lifecycle = strictShape({
  install: z.array(strictShape(Hook)).max(50).default([]),
  startup: z
    .array(strictShape({ ...Hook, background: z.boolean().default(false) }))
    .max(50)
    .default([]),
  files: z.array(KitFile).max(100).default([]),
  interactive: z.array(z.string()).max(50).default([]),
}).refine(
  ({ install, startup, files, interactive }) => install.length + startup.length + files.length + interactive.length > 0,
  "a lifecycle states at least one of install, startup, files and interactive",
);

const SIZE = /^[0-9]+(\.[0-9]+)?\s*([kKmMgGtT]i?[bB]?)?$/;
/** What an argument leaves empty is not stated. */
const stated = <Schema extends z.ZodType<string>>(schema: Schema) => z.preprocess((value) => (value === "" ? undefined : value), schema.optional());

const Volume = strictShape({
  path: AbsolutePath,
  name: z.string().optional(),
  size: stated(z.string().max(200).regex(SIZE, "a size such as 512m")),
  tmpfs: z.boolean().default(false),
  mode: stated(Mode),
});
const Resources = strictShape({ cpu: z.number().min(0).optional(), memory: z.string().regex(SIZE, "a size such as 2g").optional(), gpu: z.json().optional() });

const OneName = z
  .string()
  .regex(/^[^/\0]+$/, "a file's name")
  .refine((name) => name !== "." && name !== "..", "a file's name");
const AgentContext = strictShape({ filename: OneName.optional(), directory: AbsolutePath.optional(), contentFile: z.string().min(1).optional(), content: z.string().optional() })
  .refine(({ contentFile, content }) => (contentFile === undefined) !== (content === undefined), "exactly one of contentFile and content")
  .refine(({ directory, filename }) => directory === undefined || filename !== undefined, "a directory needs a filename");

/** What sbx knows of a capability type: the form of its configuration (none: it may have none), and how often it may stand. */
interface KnownCapability<Config extends z.ZodType | undefined = z.ZodType | undefined> {
  readonly config: Config;
  readonly arity: "singleton" | "keyed";
}

/** The capability types whose configuration sbx reads. Each is one row; a type that is not here is kept unread. */
export const CAPABILITIES = {
  [`${STANDARD}/network-policy@1` as const]: { config: NetworkPolicy, arity: "singleton" },
  [`${STANDARD}/network-policy@2` as const]: { config: RequestPolicy, arity: "singleton" },
  [`${STANDARD}/credential@1` as const]: { config: Credential, arity: "keyed" },
  [`${STANDARD}/lifecycle@1` as const]: { config: Lifecycle, arity: "singleton" },
  [`${STANDARD}/volume@1` as const]: { config: Volume, arity: "keyed" },
  [`${STANDARD}/resources@1` as const]: { config: Resources, arity: "singleton" },
  [`${STANDARD}/agent-context@1` as const]: { config: AgentContext, arity: "keyed" },
  [`${STANDARD}/agent-sessions@1` as const]: { config: AgentSessions, arity: "singleton" },
  [`${STANDARD}/agent-interactive-sessions@1` as const]: { config: InteractiveSessions, arity: "singleton" },
  [`${STANDARD}/agent-skills@1` as const]: { config: AgentSkills, arity: "keyed" },
  [`${STANDARD}/agent-skill@1` as const]: { config: AgentSkill, arity: "keyed" },
  [`${STANDARD}/acp@1` as const]: { config: AgentClient, arity: "keyed" },
  [`${STANDARD}/host-mount@1` as const]: { config: HostMount, arity: "keyed" },
  [`${STANDARD}/port@1` as const]: { config: Port, arity: "keyed" },
  [`${STANDARD}/usb-device@1` as const]: { config: UsbDevice, arity: "keyed" },
  [`${STANDARD}/ssh-agent@1` as const]: { config: SshAgent, arity: "keyed" },
  [`${STANDARD}/privileged@1` as const]: { config: undefined, arity: "singleton" },
  [`${STANDARD}/kit-registry@1` as const]: { config: undefined, arity: "singleton" },
  [`${STANDARD}/git-identity@1` as const]: { config: undefined, arity: "singleton" },
  [`${STANDARD}/sbx@1` as const]: { config: undefined, arity: "singleton" },
  [`${STANDARD}/long-running@1` as const]: { config: undefined, arity: "singleton" },
  [AGENT_CAPABILITY]: { config: AgentConfig, arity: "singleton" },
} as const satisfies Record<string, KnownCapability>;

type Table = typeof CAPABILITIES;
export type KnownType = keyof Table;
export type ConfigOf<Type extends KnownType> = Table[Type]["config"] extends z.ZodType ? z.output<Table[Type]["config"]> : undefined;

export function isKnownType(type: string): type is KnownType {
  return Object.hasOwn(CAPABILITIES, type);
}
