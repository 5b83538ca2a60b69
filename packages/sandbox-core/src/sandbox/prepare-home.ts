import { AppError } from "@sbx/contracts";
import type { AgentProfile, SeedFile } from "../kit/profile.ts";
import type { ProfileFacts } from "../kit/template.ts";
import type { ContainerEngine, ContainerSpec, Engine, EngineId, ExecEngine } from "../ports/engine.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import { homeVolume } from "./workload-container.ts";

/**
 * A container that lives for a moment to give a new home to its owner: a volume belongs to the image's user, who may
 * have another number than the workspace's owner. Root with CHOWN, FOWNER and DAC_OVERRIDE alone, no network.
 */
export function homeContainer(record: SandboxRecord, gateImage: EngineId, labels: Readonly<Record<string, string>>): ContainerSpec {
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
  return files.map((file) => seedLine(file, record.homeDirectory)).join("\n");
}

function seedLine({ path, content, mode, overwrite }: SeedFile, home: string): string {
  const target = quote(path.startsWith("/") ? path : `${home}/${path}`);
  const write = `mkdir -p "$(dirname ${target})"; rm -f ${target}; printf %s ${quote(Buffer.from(content).toString("base64"))} | base64 -d > ${target}; chmod ${mode.toString(8)} ${target}`;
  return overwrite ? write : `[ -e ${target} ] || { ${write}; }`;
}

/** One word of a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

interface HomeWork {
  readonly engine: Engine;
  readonly live: LiveSandbox;
  readonly profile: AgentProfile;
  readonly signal: AbortSignal;
}

/** Seed the home, tell git who the person is, both in one process, and run the profile's hooks: `install` once, `startup` at every start. */
export async function prepareHome(parts: SandboxParts, { engine, live, profile, signal }: HomeWork): Promise<void> {
  const { record } = live;
  const container = record.workload;
  if (container === undefined) throw new Error(`${record.id} has no workload`);
  const seeds = seedScript(record, profile.seedFiles(profileFacts(record)));
  const git = record.ready ? "" : await gitScript(parts, record);
  await setUp(engine, { container, record, seeded: seeds !== "", script: [seeds, git].filter((part) => part !== "").join("\n") }, signal);
  const hooks = record.ready ? profile.hooks.startup : [...profile.hooks.install, ...profile.hooks.startup];
  for (const { kit, place, command } of hooks) {
    const result = await engine.run(container, { command, env: record.request.env, user: record.user, workdir: record.homeDirectory }, signal);
    if (result.exitCode !== 0)
      throw new AppError("HOOK_FAILED", {
        message: `The hook ${place} of Kit "${kit}" ended with code ${result.exitCode}: ${result.stderr.trim().slice(-500)}`,
        fix: "Correct the hook in the Kit's lifecycle capability.",
      });
  }
  live.record = { ...live.record, ready: true };
}

/** An image without a shell has nothing to set up; one that gets files must have one. */
async function setUp(
  exec: ExecEngine,
  { container, record, seeded, script }: { readonly container: EngineId; readonly record: SandboxRecord; readonly seeded: boolean; readonly script: string },
  signal: AbortSignal,
): Promise<void> {
  if (script === "") return;
  const result = await exec.run(container, { command: ["/bin/sh", "-c", `set -e\numask 077\n${script}`], env: {}, user: record.user, workdir: record.homeDirectory }, signal);
  if (result.exitCode !== 0 && seeded)
    throw new AppError("ENGINE_FAILED", {
      message: `The files of the agent's profile could not be written: ${result.stderr.trim()}`,
      fix: `Look into the sandbox with: sbx exec ${record.name} ls -la ~`,
    });
}

/** What an agent's profile is told of a sandbox. */
export function profileFacts(record: SandboxRecord): ProfileFacts {
  return { workspace: record.request.workspace, placeholder: record.placeholder, modelUrl: modelUrl(record.service), mcpUrl: MCP_URL };
}

/** Where an agent finds the MCP gateway; the name and port that users of other gateways have in their files. */
const MCP_URL = "http://host.docker.internal:8811/";

/** Where a profile finds its model service inside the sandbox. */
function modelUrl(service: string | undefined): string {
  return `http://model.sbx.internal/${service ?? "none"}`;
}

/** Name, e-mail address and trust in the workspace; nothing else of the host's git settings comes in. An image without git is fine. */
async function gitScript(parts: SandboxParts, record: SandboxRecord): Promise<string> {
  const { name, email } = await parts.workspace.gitIdentity();
  const settings = [...(name === undefined ? [] : [["user.name", name]]), ...(email === undefined ? [] : [["user.email", email]]), ["safe.directory", record.request.workspace]];
  const lines = settings.map(([key = "", value = ""]) => `git config --global --replace-all ${quote(key)} ${quote(value)} || :`);
  return `if command -v git >/dev/null; then (umask 022; ${lines.join("; ")}); fi`;
}
