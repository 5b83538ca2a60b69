import { AppError } from "@sbx/contracts";
import { AGENT_CAPABILITY, AgentConfig } from "./agent-capability.ts";
import type { ConfigOf } from "./capability-configs.ts";
import { hookCommand } from "./hook-command.ts";
import { imageProgram, type ImageProgram } from "./image-program.ts";
import { findConfig, type Kit } from "./kit.ts";
import { commandWords, type CommandLine } from "./kit-text.ts";
import type { AgentProfile, LaunchMode, SessionVerbs } from "./profile.ts";
import { profileEnvironment } from "./profile-environment.ts";
import { profileFiles } from "./profile-files.ts";
import { profileRules } from "./profile-rules.ts";
import { selectCapabilities } from "./select-capabilities.ts";

const HOME = "/home/agent";

/** What a profile is resolved with beside the Kit's descriptor: the agent's name, and the texts of files that it names. */
export interface ResolveOptions {
  /** What the agent is called: the Kit's directory, or a built-in name. */
  readonly name: string;
  readonly directory: string;
  /** Text of the recipe, unless the descriptor has it inside. */
  readonly dockerfile?: string | undefined;
  /** Texts of files of the Kit that its descriptor names. */
  readonly contents?: ReadonlyMap<string, string>;
}

/**
 * Decide what sbx does for the agent of a Kit. Pure.
 *
 * @throws AppError `KIT_UNSUPPORTED` for what the Kit requires and sbx does not carry out, `KIT_INVALID` without a recipe.
 */
export function resolveProfile(kit: Kit, { name, directory, dockerfile: given, contents = new Map() }: ResolveOptions): AgentProfile {
  checkKind(kit, name);
  const { displayName = name, description = "", version } = kit.descriptor;
  const { dockerfile, program } = recipeOf(kit, { name, directory, given });
  const { selected, skipped } = selectCapabilities(kit, { name, home: HOME, contents });
  const { model, ...agent } = findConfig(selected, AGENT_CAPABILITY) ?? AgentConfig.parse({});
  const { install, startup, interactive, files } = findConfig(selected, "com.docker.sandbox/lifecycle@1") ?? { install: [], startup: [], interactive: [], files: [] };
  const rules = profileRules(name, { selected, telemetry: agent.telemetryHosts });
  const tails = { headless: agent.launch.headless, interactive: agent.launch.interactive.length > 0 ? agent.launch.interactive : interactive };
  return {
    name,
    displayName,
    description: description.trim(),
    ...(version === undefined ? {} : { version }),
    dockerfile,
    directory,
    home: HOME,
    ...(model === undefined ? {} : { service: model.service }),
    rules,
    allow: rules.filter(({ effect }) => effect === "allow").map(({ to }) => to),
    telemetryHosts: agent.telemetryHosts,
    protect: agent.protect,
    resources: limitsOf(findConfig(selected, "com.docker.sandbox/resources@1")),
    longRunning: selected.some(({ type }) => type === "com.docker.sandbox/long-running@1"),
    sessions: sessionVerbs(findConfig(selected, "com.docker.sandbox/agent-sessions@1")),
    leavesRunning: agent.leavesRunning,
    hooks: { install: install.map((hook) => hookCommand(hook)), startup: startup.map((hook) => hookCommand(hook)) },
    skipped,
    seedFiles: (facts) => profileFiles({ selected, contents, lifecycle: files, agent: agent.files, mcp: agent.mcp }, facts),
    environment: (facts) => profileEnvironment({ args: kit.argEnv, agent: agent.env, model, credential: findConfig(selected, "com.docker.sandbox/credential@1") }, facts),
    launch: (mode, args) => launch({ program, tails, verbs: agent.launch.verbs }, mode, args),
  };
}

function checkKind({ descriptor: { kind, requires = [], args } }: Kit, name: string): void {
  const refuse = (message: string, fix: string): never => {
    throw new AppError("KIT_UNSUPPORTED", { message: `Kit "${name}" ${message}`, fix, details: { kit: name } });
  };
  if (kind !== "workload") refuse(`is a ${kind}; sbx runs workloads only so far`, "Name a Kit of kind workload.");
  if (requires.length > 0) refuse(`requires other Kits (${requires.join(", ")}), which sbx does not combine yet`, "Put what it needs into its own Dockerfile and drop requires.");
  const buildArg = Object.entries(args).find(([, arg]) => arg.buildArg !== undefined);
  if (buildArg !== undefined) refuse(`passes the argument "${buildArg[0]}" to the build, which sbx does not do yet`, "Give the value to ARG in the Dockerfile.");
}

function recipeOf(
  { descriptor }: Kit,
  { name, directory, given }: { readonly name: string; readonly directory: string; readonly given: string | undefined },
): { readonly dockerfile: string; readonly program: ImageProgram } {
  const dockerfile = descriptor.build ?? given;
  if (dockerfile === undefined)
    throw new AppError("KIT_INVALID", { message: `Kit "${name}" has no recipe`, fix: `Put a kit.dockerfile beside its kit.yaml in ${directory}, or write it under build.` });
  const program = imageProgram(name, dockerfile);
  if (program === undefined)
    throw new AppError("KIT_UNSUPPORTED", {
      message: `The Dockerfile of Kit "${name}" states neither ENTRYPOINT nor CMD`,
      fix: "State the agent's program there, even if the image it starts from does so too.",
    });
  return { dockerfile, program };
}

function sessionVerbs(config: ConfigOf<"com.docker.sandbox/agent-sessions@1"> | undefined): SessionVerbs {
  const verbs = Object.entries(config ?? {}).filter((entry): entry is [string, CommandLine] => entry[1] !== undefined);
  return Object.fromEntries(verbs.map(([verb, command]) => [verb, commandWords(command)]));
}

interface Launch {
  readonly program: ImageProgram;
  readonly tails: Readonly<Record<LaunchMode, readonly string[]>>;
  readonly verbs: Readonly<Record<string, readonly string[]>>;
}

function launch({ program: { entrypoint, cmd }, tails, verbs }: Launch, mode: LaunchMode, args: readonly string[]): readonly string[] {
  const [first = "", ...rest] = args;
  const verb = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  if (verb !== undefined) return [...entrypoint, first, ...verb, ...rest];
  return [...entrypoint, ...tails[mode], ...(args.length > 0 ? args : cmd)];
}

/** Zero processors, as the format has it, asks for nothing. */
function limitsOf({ cpu = 0, memory }: Partial<ConfigOf<"com.docker.sandbox/resources@1">> = {}): AgentProfile["resources"] {
  return { ...(cpu === 0 ? {} : { cpus: cpu }), ...(memory === undefined ? {} : { memoryBytes: sizeBytes(memory) }) };
}

/** A size with units of 1024, in bytes. */
function sizeBytes(text: string): number {
  const match = /^([0-9.]+)\s*([kmgt])?/iu.exec(text);
  const power = ["", "k", "m", "g", "t"].indexOf((match?.[2] ?? "").toLowerCase());
  return Math.floor(Number(match?.[1]) * 1024 ** power);
}
