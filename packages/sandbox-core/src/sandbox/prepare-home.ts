import { AppError } from "@sbx/contracts";
import type { AgentProfile, SeedFile } from "../kit/profile.ts";
import type { ProfileFacts } from "../kit/template.ts";
import type { ContainerEngine, ContainerSpec, Engine, EngineId, ExecEngine } from "../ports/engine.ts";
import { volumeOwnerContainer } from "./kit-volumes.ts";
import { labelsOf } from "./labels.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import { quote } from "./quote.ts";
import { runHook } from "./run-hook.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { needsHome, type SandboxRecord } from "./sandbox-record.ts";
import { settleSkills, withoutSkills, type SandboxSkills } from "./skills.ts";
import { homeVolume } from "./workload-container.ts";

/** The user `agent` of every image that a Kit may have (sandbox-kit-spec v3, platform floor). */
const IMAGE_USER = "1000:1000";

interface VolumeGift {
  readonly engine: ContainerEngine;
  readonly live: LiveSandbox;
  readonly gateImage: EngineId;
  readonly signal: AbortSignal;
}

/**
 * A container that lives for a moment to give a new home to its owner: a volume belongs to the image's user, who may
 * have another number than the workspace's owner. Root with CHOWN, FOWNER and DAC_OVERRIDE alone, no network.
 */
function homeContainer(record: SandboxRecord, gateImage: EngineId, labels: Readonly<Record<string, string>>): ContainerSpec {
  return {
    name: `sbx-home-${record.id.slice(4)}`,
    image: gateImage,
    command: ["/bin/chown", "-R", "--no-dereference", record.user, "/home-volume"],
    env: {},
    labels,
    user: "0:0",
    workdir: "/",
    mounts: [{ kind: "volume", source: homeVolume(record), target: "/home-volume" }],
    network: { kind: "none", hostname: "home", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 16, memoryBytes: 64 << 20 },
  };
}

/** Give a home, after the engine filled it from the image, and the volumes of a new sandbox to the sandbox's user. */
export async function giveVolumes(parts: Pick<SandboxParts, "owner">, { engine, live: { record }, gateImage, signal }: VolumeGift): Promise<void> {
  const labels = labelsOf(parts.owner, record.id, "home");
  if (record.user !== IMAGE_USER || record.account !== undefined) await runToEnd(engine, homeContainer(record, gateImage, labels), signal);
  const owner = needsHome(record) ? volumeOwnerContainer(record, gateImage, labels) : undefined;
  if (owner !== undefined) await runToEnd(engine, owner, signal);
}

/** Run a container to its end. @throws AppError `ENGINE_FAILED` when it ends with another code than 0. */
export async function runToEnd(engine: ContainerEngine, spec: ContainerSpec, signal: AbortSignal): Promise<void> {
  const id = await engine.create(spec, signal);
  try {
    await engine.start(id, signal);
    for (;;) {
      signal.throwIfAborted();
      const view = await engine.inspect(id);
      if (view?.state === "exited" && view.exitCode === 0) return;
      if (view?.state !== "running" && view?.state !== "created")
        throw new AppError("ENGINE_FAILED", { message: `The container ${spec.name} ended with code ${view?.exitCode ?? "unknown"}`, fix: "Look at the engine's log, then run the command again." });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    await engine.remove(id);
  }
}

/** A script that writes files as the workload's user. Needs /bin/sh and base64 in the image. */
function seedScript(record: SandboxRecord, files: readonly SeedFile[]): string {
  return files.map((file) => seedLine(file, seedPath(file, record))).join("\n");
}

/** Where a file of a profile lies, as an absolute path. */
export function seedPath({ path }: SeedFile, { homeDirectory }: SandboxRecord): string {
  return path.startsWith("/") ? path : `${homeDirectory}/${path}`;
}

function seedLine({ content, mode, overwrite, appendUnless }: SeedFile, path: string): string {
  const target = quote(path);
  const write = `mkdir -p "$(dirname ${target})"; rm -f ${target}; ${printed(content)} > ${target}; chmod ${mode.toString(8)} ${target}`;
  if (overwrite) return write;
  const there = appendUnless === undefined ? "" : `if [ -f ${target} ]; then grep -qsxF -e ${quote(appendUnless)} ${target} || ${printed(`\n\n${content}`)} >> ${target} || :; fi; `;
  return `${there}[ -e ${target} ] || { ${write}; }`;
}

function printed(content: string): string {
  return `printf %s ${quote(Buffer.from(content).toString("base64"))} | base64 -d`;
}

interface HomeWork {
  readonly engine: Engine;
  readonly live: LiveSandbox;
  readonly profile: AgentProfile;
  readonly skills: SandboxSkills;
  readonly signal: AbortSignal;
}

/** What hooks in a container of their own did already at this start. */
interface DoneApart {
  /** The home is set up. */
  readonly home: boolean;
  readonly install: boolean;
}

/** Set the home up and run the hooks of the agent's user: `install` once, `startup` at every start. */
export async function prepareHome(parts: SandboxParts, { done, ...work }: HomeWork & { readonly done: DoneApart }): Promise<void> {
  const { engine, live, profile, signal } = work;
  const { record } = live;
  const container = record.workload;
  if (container === undefined) throw new Error(`${record.id} has no workload`);
  if (done.home) await seedOutside({ ...work, container });
  else await setUpHome({ ...work, container });
  const startup = profile.hooks.startup.filter(({ user }) => user === "agent");
  const hooks = record.ready || done.install ? startup : [...profile.hooks.install, ...startup];
  for (const hook of hooks) await runHook(engine, { container, hook, record, env: {}, limitMs: parts.hookLimitMs, signal });
  const { homeless: _prepared, ...prepared } = live.record;
  live.record = { ...prepared, ready: true };
}

/** Seed the home, put skills where the agent looks for them, and tell git who the person is, all in one process. */
export async function setUpHome({ engine, live, profile, skills, container, signal }: HomeWork & { readonly container: EngineId }): Promise<void> {
  const { record } = live;
  const seeds = seedScript(record, profile.seedFiles(profileFacts(record)));
  const git = needsHome(record) ? gitScript(record, profile) : "";
  const seeded = seeds !== "" || skills.own.length > 0;
  const said = await setUp(engine, { container, record, seeded, script: [seeds, skills.script, git].filter((part) => part !== "").join("\n") }, signal);
  if (needsHome(record)) live.record = withoutSkills(record, [...skills.skipped, ...settleSkills(skills, said)]);
}

/** Files outside of the home are a container's own: what was written in another is not here. */
async function seedOutside({ engine, live: { record }, profile, container, signal }: HomeWork & { readonly container: EngineId }): Promise<void> {
  const files = profile.seedFiles(profileFacts(record)).filter((file) => !isWithin(seedPath(file, record), record.homeDirectory));
  await setUp(engine, { container, record, seeded: true, script: seedScript(record, files) }, signal);
}

/** An image without a shell has nothing to set up; one that gets files must have one. Resolves with what was printed. */
async function setUp(
  exec: ExecEngine,
  { container, record, seeded, script }: { readonly container: EngineId; readonly record: SandboxRecord; readonly seeded: boolean; readonly script: string },
  signal: AbortSignal,
): Promise<string> {
  if (script === "") return "";
  const result = await exec.run(container, { command: ["/bin/sh", "-c", `set -e\numask 077\n${script}`], env: {}, user: record.user, workdir: record.homeDirectory }, signal);
  if (result.exitCode !== 0 && seeded)
    throw new AppError("ENGINE_FAILED", {
      message: `The files of the agent's profile could not be written: ${result.stderr.trim()}`,
      fix: `Look into the sandbox with: sbx exec ${record.name} ls -la ~`,
    });
  return result.stdout;
}

/** What an agent's profile is told of a sandbox. */
export function profileFacts(record: SandboxRecord): ProfileFacts {
  return { workspace: record.request.workspace, placeholder: record.placeholder, placeholders: placeholdersOf(record), modelUrl: modelUrl(record.service), mcpUrl: MCP_URL };
}

function placeholdersOf({ credentials = [] }: SandboxRecord): ProfileFacts["placeholders"] {
  return Object.fromEntries(credentials.flatMap(({ service, placeholder }) => (placeholder === undefined ? [] : [[service, placeholder]])));
}

/** Where an agent finds the MCP gateway; the name and port that users of other gateways have in their files. */
const MCP_URL = "http://host.docker.internal:8811/";

/** Where a profile finds its model service inside the sandbox. */
function modelUrl(service: string | undefined): string {
  return `http://model.sbx.internal/${service ?? "none"}`;
}

/** Name and e-mail address where a Kit asks for them, and trust in the workspace; nothing else of the host's git settings comes in. An image without git is fine. */
function gitScript({ request, gitIdentity: { name, email } = {} }: SandboxRecord, profile: AgentProfile): string {
  const identity =
    profile.gitIdentity && name !== undefined && email !== undefined
      ? [
          ["user.name", name],
          ["user.email", email],
        ]
      : [];
  const settings = [...identity, ["safe.directory", request.workspace]];
  const lines = settings.map(([key = "", value = ""]) => `git config --global --replace-all ${quote(key)} ${quote(value)} || :`);
  return `if command -v git >/dev/null; then (umask 022; ${lines.join("; ")}); fi`;
}
