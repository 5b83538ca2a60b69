import { AppError, type Rule } from "@sbx/contracts";
import type { AgentConfig } from "./agent-capability.ts";
import type { ConfigOf, KnownType } from "./capability-configs.ts";
import { hostOf, toDestination } from "./destination.ts";
import { hookCommand } from "./hook-command.ts";
import { imageProgram, type ImageProgram } from "./image-program.ts";
import { findConfig, isCapability, type Kit, type ReadCapability } from "./kit.ts";
import { commandWords, type CommandLine } from "./kit-text.ts";
import type { AgentProfile, SeedFile, SessionVerbs } from "./profile.ts";
import { selectCapabilities } from "./select-capabilities.ts";
import { renderFile, renderTemplate } from "./template.ts";

const HOME = "/home/agent";

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
 * A host at which the key of the model service would be put in is not opened: the agent reaches its provider through the
 * service alone, so that no other key can be used there.
 *
 * @throws AppError `KIT_UNSUPPORTED` for what the Kit requires and sbx does not carry out, `KIT_INVALID` without a recipe.
 */
export function resolveProfile(kit: Kit, { name, directory, dockerfile: given, contents = new Map() }: ResolveOptions): AgentProfile {
  const { descriptor } = kit;
  checkKind(kit, name);
  const dockerfile = descriptor.build ?? given;
  if (dockerfile === undefined) throw new AppError("KIT_INVALID", { message: `Kit "${name}" has no recipe`, fix: `Put a kit.dockerfile beside its kit.yaml in ${directory}, or write it under build.` });
  const program = imageProgram(dockerfile);
  if (program === undefined) throw new AppError("KIT_UNSUPPORTED", { message: `The Dockerfile of Kit "${name}" states neither ENTRYPOINT nor CMD`, fix: "State the agent's program there, even if the image it starts from does so too." });
  const { selected, skipped } = selectCapabilities(kit, { name, home: HOME, contents });
  const config = <Type extends KnownType>(type: Type): ConfigOf<Type> | undefined => findConfig(selected, type);
  const agent = config("dev.sbx/agent@1");
  const lifecycle = config("com.docker.sandbox/lifecycle@1");
  const resources = config("com.docker.sandbox/resources@1");
  const model = agent?.model;
  const credential = config("com.docker.sandbox/credential@1");
  const rules = networkRules(name, { network: config("com.docker.sandbox/network-policy@1"), served: new Set((credential?.apiKey?.inject ?? []).map(({ domain }) => hostOf(domain))), telemetry: agent?.telemetryHosts ?? [] });
  return {
    name,
    displayName: descriptor.displayName ?? name,
    description: (descriptor.description ?? "").trim(),
    ...(descriptor.version === undefined ? {} : { version: descriptor.version }),
    dockerfile,
    directory,
    home: HOME,
    ...(model === undefined ? {} : { service: model.service }),
    rules,
    allow: rules.filter(({ effect }) => effect === "allow").map(({ to }) => to),
    telemetryHosts: agent?.telemetryHosts ?? [],
    protect: agent?.protect ?? [],
    resources: { ...(resources?.cpu ? { cpus: resources.cpu } : {}), ...(resources?.memory === undefined ? {} : { memoryBytes: sizeBytes(resources.memory) }) },
    longRunning: selected.some(({ type }) => type === "com.docker.sandbox/long-running@1"),
    sessions: sessionVerbs(config("com.docker.sandbox/agent-sessions@1")),
    leavesRunning: agent?.leavesRunning ?? [],
    ...(agent?.mcp === undefined ? {} : { mcp: agent.mcp }),
    hooks: { install: (lifecycle?.install ?? []).map((hook) => hookCommand(hook)), startup: (lifecycle?.startup ?? []).map((hook) => hookCommand(hook)) },
    skipped,
    seedFiles: (facts) => [
      ...contextFiles(selected, contents),
      ...(lifecycle?.files ?? []).map(({ path, content, mode, overwrite }): SeedFile => ({ path, content, mode: Number.parseInt(mode ?? "644", 8), overwrite })),
      ...(agent?.files ?? []).map(({ path, content, mode, overwrite }): SeedFile => ({ path, content: renderFile(path, content, facts), mode: Number.parseInt(mode, 8), overwrite })),
    ],
    environment: (facts) => ({
      ...kit.argEnv,
      ...Object.fromEntries(Object.entries(agent?.env ?? {}).map(([key, value]) => [key, renderTemplate(value, facts)])),
      ...(model?.baseUrl === undefined ? {} : { [model.baseUrl.env]: renderTemplate(model.baseUrl.value, facts) }),
      ...(credential?.apiKey?.name === undefined ? {} : { [credential.apiKey.name]: facts.placeholder }),
    }),
    launch: (mode, args) => launch(program, agent?.launch ?? { interactive: lifecycle?.interactive ?? [], headless: [], verbs: {} }, { mode, args }),
  };
}

function checkKind({ descriptor: { kind, requires = [], args } }: Kit, name: string): void {
  const refuse = (message: string, fix: string): never => { throw new AppError("KIT_UNSUPPORTED", { message: `Kit "${name}" ${message}`, fix, details: { kit: name } }); };
  if (kind !== "workload") refuse(`is a ${kind}; sbx runs workloads only so far`, "Name a Kit of kind workload.");
  if (requires.length > 0) refuse(`requires other Kits (${requires.join(", ")}), which sbx does not combine yet`, "Put what it needs into its own Dockerfile and drop requires.");
  const buildArg = Object.entries(args).find(([, arg]) => arg.buildArg !== undefined);
  if (buildArg !== undefined) refuse(`passes the argument "${buildArg[0]}" to the build, which sbx does not do yet`, "Give the value to ARG in the Dockerfile.");
}

interface Network {
  readonly network: ConfigOf<"com.docker.sandbox/network-policy@1"> | undefined;
  /** Hosts that the model service stands for. */
  readonly served: ReadonlySet<string>;
  readonly telemetry: readonly string[];
}

function networkRules(name: string, { network, served, telemetry }: Network): readonly Rule[] {
  const rule = (effect: Rule["effect"], kind: string, note: string) => (pattern: string, index: number): Rule => {
    const result = toDestination(pattern);
    if ("why" in result) throw new Error(`"${pattern}" passed the check of the descriptor: ${result.why}`);
    return { id: `profile:${kind}:${index + 1}`, effect, to: result.destination, layer: "profile", note };
  };
  const { allow = [], deny = [] } = network?.runtime ?? {};
  return [
    ...allow.filter((pattern) => !served.has(hostOf(pattern))).map(rule("allow", "allow", `the profile of ${name} needs it`)),
    ...deny.map(rule("deny", "deny", `the profile of ${name} keeps it shut`)),
    ...telemetry.map(rule("deny", "telemetry", `telemetry or updates of ${name}`)),
  ];
}

function contextFiles(selected: readonly ReadCapability[], contents: ReadonlyMap<string, string>): readonly SeedFile[] {
  return selected.flatMap((capability) => {
    if (!isCapability(capability, "com.docker.sandbox/agent-context@1")) return [];
    const { directory, filename, content, contentFile } = capability.config;
    const text = content ?? contents.get(contentFile ?? "");
    if (directory === undefined || filename === undefined || text === undefined) return [];
    return [{ path: `${directory.replace(/\/+$/u, "")}/${filename}`, content: text, mode: 0o644, overwrite: false }];
  });
}

function sessionVerbs(config: ConfigOf<"com.docker.sandbox/agent-sessions@1"> | undefined): SessionVerbs {
  const verbs = Object.entries(config ?? {}).filter((entry): entry is [string, CommandLine] => entry[1] !== undefined);
  return Object.fromEntries(verbs.map(([verb, command]) => [verb, commandWords(command)]));
}

function launch({ entrypoint, cmd }: ImageProgram, { verbs, ...tails }: AgentConfig["launch"], { mode, args }: { readonly mode: "interactive" | "headless"; readonly args: readonly string[] }): readonly string[] {
  const [first = "", ...rest] = args;
  const verb = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  if (verb !== undefined) return [...entrypoint, first, ...verb, ...rest];
  return [...entrypoint, ...tails[mode], ...(args.length > 0 ? args : cmd)];
}

/** A size with units of 1024, in bytes. */
function sizeBytes(text: string): number {
  const match = /^([0-9.]+)\s*([kmgt])?/iu.exec(text);
  const power = ["", "k", "m", "g", "t"].indexOf((match?.[2] ?? "").toLowerCase());
  return Math.floor(Number(match?.[1]) * 1024 ** power);
}
