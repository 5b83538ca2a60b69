import { AppError, ruleSubject, type Selection } from "@sbx/contracts";
import { acpAgents } from "./acp-agents.ts";
import { AGENT_CAPABILITY, AgentConfig } from "./agent-capability.ts";
import type { ConfigOf } from "./capability-configs.ts";
import { composeKits, type Composition, type CompositionFacts } from "./compose-kits.ts";
import { hookCommand, hookVariables, isRoot } from "./hook-command.ts";
import { hostCredentials, ofPhase, type CredentialPhase, type ProfileCredential } from "./host-credential.ts";
import { imageProgram, type ImageProgram } from "./image-program.ts";
import { findConfig, isCapability, type Kit, type ReadCapability } from "./kit.ts";
import type { KitMember } from "./kit-member.ts";
import { sizeBytes } from "./kit-size.ts";
import { kitTexts } from "./kit-texts.ts";
import { commandWords, type CommandLine } from "./kit-text.ts";
import { permissionSurface } from "./permission-surface.ts";
import type { AgentProfile, KitLayer, KitPart, LaunchMode, ProfileHook, SessionVerbs } from "./profile.ts";
import { profileContexts } from "./profile-contexts.ts";
import { profileEnvironment, type NamedCredential } from "./profile-environment.ts";
import { profileFiles } from "./profile-files.ts";
import { installRules, profileRules } from "./profile-rules.ts";
import { profileShares } from "./profile-shares.ts";
import { profileSkills } from "./profile-skills.ts";
import { profileVolumes } from "./profile-volumes.ts";
import { recipeEnvironment } from "./recipe-environment.ts";
import { trustVariables } from "./trust-variables.ts";
import { sshGrants } from "./ssh-grants.ts";
import { AGENT, asksForOwn, workloadAccount, type WorkloadAccount } from "./workload-account.ts";

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
 * Decide what sbx does for the agent of one Kit. Pure.
 *
 * @throws AppError as {@link composeProfile} does
 */
export function resolveProfile(kit: Kit, { name, directory, dockerfile, contents = new Map() }: ResolveOptions): AgentProfile {
  return composeProfile([{ reference: name, name, directory, kit, withEnv: () => kit, dockerfile, contents }]);
}

/**
 * Decide what sbx does for an agent of one workload and its mixins. Pure.
 *
 * @throws AppError `KIT_CONFLICT`, `KIT_UNSUPPORTED`, `KIT_INVALID` as {@link composeKits} does, and without a recipe
 */
export function composeProfile(members: readonly KitMember[], facts: Omit<CompositionFacts, "account"> = {}): AgentProfile {
  const { account, composition } = composeWithAccount(members, facts);
  const { home } = account;
  const { workload, effective: selected, skipped, argEnv, variables } = composition;
  const { name, directory, kit } = workload;
  const { displayName = name, description = "", version } = kit.descriptor;
  const { dockerfile, program } = recipeOf(workload);
  const { model, ...agent } = findConfig(selected, AGENT_CAPABILITY) ?? AgentConfig.parse({});
  const { interactive, files } = findConfig(selected, "com.docker.sandbox/lifecycle@1") ?? { interactive: [], files: [] };
  const service = model?.service;
  const rules = profileRules(name, { selected, service, telemetry: agent.telemetryHosts });
  const atHosts = hostCredentials(selected, service);
  const namedIn = (phase: CredentialPhase): readonly NamedCredential[] => [...modelCredential(selected, service), ...ofPhase(atHosts, phase).flatMap(named)];
  const trust = trustVariables({ rules, credentials: ofPhase(atHosts, "runtime") }, variables);
  const texts = kitTexts(composition.selections);
  const tails = { headless: agent.launch.headless, interactive: agent.launch.interactive.length > 0 ? agent.launch.interactive : interactive };
  return {
    name,
    displayName,
    description: description.trim(),
    ...(version === undefined ? {} : { version }),
    dockerfile,
    directory,
    buildArgs: kit.buildArgs,
    layers: composition.layers.flatMap((member) => (member === workload ? [] : layerOf(member))),
    kits: composition.layers.map(partOf),
    account: account.name,
    home,
    ...(service === undefined ? {} : { service }),
    credentials: atHosts,
    rules,
    installRules: installRules(name, { selected, service }),
    allow: rules.filter(({ effect }) => effect === "allow").map(ruleSubject),
    telemetryHosts: agent.telemetryHosts,
    protect: agent.protect,
    resources: limitsOf(findConfig(selected, "com.docker.sandbox/resources@1")),
    volumes: profileVolumes(selected, home),
    skills: profileSkills(selected, composition.selections),
    shares: profileShares(composition.selections),
    ssh: sshGrants(selected),
    longRunning: selected.some(({ type }) => type === "com.docker.sandbox/long-running@1"),
    sessions: sessionVerbs(findConfig(selected, "com.docker.sandbox/agent-sessions@1")),
    acp: acpAgents(selected, composition.provides),
    leavesRunning: agent.leavesRunning,
    hooks: profileHooks(composition, [...namedIn("install"), ...namedIn("runtime")]),
    gitIdentity: selected.some(({ type }) => type === "com.docker.sandbox/git-identity@1"),
    args: [...new Set(members.flatMap((member) => Object.keys(member.kit.descriptor.args)))],
    skipped,
    selection: { selection: selectionOf(composition), surface: permissionSurface(selected) },
    contexts: (workspace) => profileContexts(texts, { home, workspace, workdir: program.workdir }),
    seedFiles: (facts) => profileFiles({ home, texts, workdir: program.workdir, lifecycle: files, agent: agent.files, mcp: agent.mcp }, facts),
    environment: (facts, phase = "runtime") => profileEnvironment({ args: argEnv, agent: agent.env, model, credentials: namedIn(phase), trust: phase === "runtime" ? trust : {} }, facts),
    launch: (mode, args) => launch({ program, tails, verbs: agent.launch.verbs }, mode, args),
  };
}

/** A workload that asks for its image's own user in what is left out is the floor's. */
function composeWithAccount(members: readonly KitMember[], facts: Omit<CompositionFacts, "account">): { readonly account: WorkloadAccount; readonly composition: Composition } {
  const wanted = facts.reject?.includes("com.docker.sandbox/sbx@1") === true ? AGENT : workloadAccount(members);
  const composition = composeKits(members, { ...facts, account: wanted });
  if (wanted === AGENT || composition.effective.some(asksForOwn)) return { account: wanted, composition };
  return { account: AGENT, composition: composeKits(members, { ...facts, account: AGENT }) };
}

function selectionOf({ selections }: Composition): Selection {
  return { selected: selections.flatMap(({ record }) => record.selected), skipped: selections.flatMap(({ record }) => record.skipped) };
}

/** The files that a mixin brings; none where it only declares. */
function layerOf({ name, directory, kit, dockerfile }: KitMember): readonly KitLayer[] {
  const recipe = kit.descriptor.build ?? dockerfile;
  return recipe === undefined ? [] : [{ name, directory, dockerfile: recipe, buildArgs: kit.buildArgs, env: recipeEnvironment(name, recipe) }];
}

function partOf({ reference, name, directory, kit: { descriptor } }: KitMember): KitPart {
  return { reference, name, kind: descriptor.kind === "workload" ? "workload" : "mixin", directory, ...(descriptor.version === undefined ? {} : { version: descriptor.version }) };
}

/** Install hooks see no placeholder of what is granted for runtime alone. */
function profileHooks({ selections, effective }: Composition, credentials: readonly NamedCredential[]): AgentProfile["hooks"] {
  const hidden = new Set(credentials.filter(({ service }) => !isGranted(effective, service, "install")).map(({ name }) => name));
  const of = (list: "install" | "startup"): readonly ProfileHook[] =>
    selections.flatMap(({ member, selected }) =>
      lifecyclesOf(selected, list).map((stated, index) => {
        const hook = list === "install" ? { ...stated, env: stated.env.filter((name) => !hidden.has(name)) } : stated;
        return { kit: member.name, place: `${list}[${index}]`, user: userOf(list, hook), variables: hookVariables(hook), command: hookCommand(hook) };
      }),
    );
  return { install: of("install"), startup: of("startup") };
}

/** The hooks of one Kit in its order: those of entries and of groups. */
function lifecyclesOf<List extends "install" | "startup">(selected: readonly ReadCapability[], list: List): ConfigOf<"com.docker.sandbox/lifecycle@1">[List] {
  return selected.filter((one) => isCapability(one, "com.docker.sandbox/lifecycle@1")).flatMap(({ config }) => config[list]) as ConfigOf<"com.docker.sandbox/lifecycle@1">[List];
}

function isGranted(effective: readonly ReadCapability[], service: string, phase: "install" | "runtime"): boolean {
  const credentials = effective.filter((one) => isCapability(one, "com.docker.sandbox/credential@1")).filter(({ config }) => config.service === service);
  return credentials.some(({ config }) => [config.phase].flat().includes(phase));
}

function modelCredential(selected: readonly ReadCapability[], service: string | undefined): readonly NamedCredential[] {
  const credential = selected.filter((one) => isCapability(one, "com.docker.sandbox/credential@1")).find(({ config }) => config.service === service);
  const name = credential?.config.apiKey?.name;
  return service === undefined || name === undefined ? [] : [{ service, name }];
}

function named({ service, name }: ProfileCredential): readonly NamedCredential[] {
  return name === undefined ? [] : [{ service, name }];
}

/** Install hooks are root's and startup hooks the agent's, unless they say otherwise. */
function userOf(list: "install" | "startup", { user }: { readonly user?: string | undefined }): ProfileHook["user"] {
  return isRoot(user ?? (list === "install" ? "root" : "agent")) ? "root" : "agent";
}

function recipeOf({ kit, name, directory, dockerfile: given }: KitMember): { readonly dockerfile: string; readonly program: ImageProgram } {
  const dockerfile = kit.descriptor.build ?? given;
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
