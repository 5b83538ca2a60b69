import { createHash } from "node:crypto";
import { chmodSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Event, Sandbox } from "@sbx/contracts";
import * as z from "zod";
import { askEngine, labelled } from "./engine-api.ts";
import { runProgram, type ProgramResult } from "./run-program.ts";

export interface SbxOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** Beside what the host has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A person's machine: a home, a daemon of its own, and the command `sbx`. */
export interface Host extends AsyncDisposable {
  readonly home: string;
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Program and first argument of `sbx`, for who starts it otherwise. */
  readonly launcher: readonly [node: string, script: string];
  sbx(args: readonly string[], options?: SbxOptions): Promise<ProgramResult>;
  sandboxes(): Promise<readonly Sandbox[]>;
  sandbox(name: string): Promise<Sandbox>;
  events(): Promise<readonly Event[]>;
  /** A sample project under git that belongs to this uid. */
  project(name: string, uid?: number): Promise<string>;
  /** What git says in a directory of the host. */
  git(cwd: string, ...args: readonly string[]): Promise<ProgramResult>;
  /** The engine's full view of a container. */
  inspect(container: string): Promise<string>;
  /** Names of an image, by its id; those of its maker first. */
  imageNames(image: string): Promise<readonly string[]>;
  containersOf(sandbox: string): Promise<readonly EngineContainer[]>;
  /** Everything of ours that is in the engine or mounted now. */
  remains(): Promise<readonly string[]>;
}

export interface EngineContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

const SBX = fileURLToPath(new URL("../../../apps/cli/bin/sbx.mjs", import.meta.url));
/** What the real environment gives: where programs are, the engine, and whom to trust while images are built. */
const TAKEN = [
  "PATH",
  "DOCKER_HOST",
  "DOCKER_CERT_PATH",
  "DOCKER_TLS_VERIFY",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "NPM_CONFIG_REGISTRY",
  "npm_config_registry",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

const Containers = z.array(z.object({ Id: z.string(), Names: z.array(z.string()), Labels: z.record(z.string(), z.string()) }));
const Volumes = z.object({ Volumes: z.array(z.object({ Name: z.string() })).nullable() });

/** Names that our own maker gave come first: others may be those of other tests, and go with them. */
function makersFirst(names: readonly string[]): readonly string[] {
  const isMakers = (name: string): boolean => name.startsWith("sbx/");
  return [...names.filter(isMakers), ...names.filter((name) => !isMakers(name))];
}

/** Make a host under /tmp. Disposing of it removes its sandboxes, its daemon and its files, and complains about what is left. */
export function openHost(extra: Readonly<Record<string, string>> = {}): Host {
  const root = mkdtempSync("/tmp/sbx-e2e-");
  chmodSync(root, 0o755);
  const home = made(path.join(root, "home"), 0o700);
  const stateDirectory = path.join(root, "state");
  const taken = Object.fromEntries(TAKEN.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const env = { ...taken, HOME: home, SBX_STATE_DIR: stateDirectory, SBX_CONFIG_DIR: path.join(root, "config"), LANG: "C.UTF-8", SBX_VAULT_KEY: "file", ...extra };
  const owner = `dev.sbx.owner=${process.getuid?.() ?? 0}:${createHash("sha256").update(stateDirectory).digest("hex").slice(0, 12)}`;
  writeFileSync(path.join(home, ".gitconfig"), '[user]\n\tname = Ada Example\n\temail = ada@example.invalid\n[safe]\n\tdirectory = *\n[protocol "file"]\n\tallow = always\n');

  const ask = (method: "GET" | "DELETE", where: string): Promise<unknown> => askEngine(method, where, process.env["DOCKER_HOST"]);
  const containers = async (label: string): Promise<z.infer<typeof Containers>> => Containers.parse(await ask("GET", `/containers/json?all=1&${labelled(label)}`));
  const sbx: Host["sbx"] = (args, options = {}) => runProgram(process.execPath, [SBX, ...args], { cwd: options.cwd ?? root, env: { ...env, ...options.env }, input: options.input });
  /** What the daemon that runs says at once, or `otherwise` where none does: tests look again and again, and each command is a process. */
  const told = async (where: string, otherwise: readonly string[]): Promise<readonly unknown[]> => {
    const answer = await askEngine("GET", where, `unix://${path.join(stateDirectory, "sbxd.sock")}`).catch(() => undefined);
    if (Array.isArray(answer)) return answer;
    const { code, stdout, stderr } = await sbx(otherwise);
    if (code !== 0) throw new Error(`sbx ${otherwise.join(" ")}: ${stderr}`);
    return z.array(z.unknown()).parse(otherwise[0] === "events" ? stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown])) : JSON.parse(stdout));
  };
  const host: Host = {
    home,
    stateDirectory,
    env,
    launcher: [process.execPath, SBX],
    sbx,
    sandboxes: async () => z.array(Sandbox).parse(await told("/v1/sandboxes", ["ls", "--json"])),
    sandbox: async (name) => Sandbox.parse((await host.sandboxes()).find((one) => one.name === name || one.id === name)),
    events: async () => z.array(Event).parse(await told("/v1/events/list?limit=200", ["events", "--json"])),
    git: (cwd, ...args) => runProgram("git", args, { cwd, env }),
    async project(name, uid = 0) {
      const directory = made(path.join(root, "src", name), 0o755);
      writeFileSync(path.join(directory, "README.md"), "# A sample\n");
      for (const args of [
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["commit", "-q", "-m", "Begin"],
      ]) {
        const { code, stderr } = await host.git(directory, ...args);
        if (code !== 0) throw new Error(stderr);
      }
      giveTo(directory, uid);
      return directory;
    },
    inspect: async (container) => JSON.stringify(await ask("GET", `/containers/${container}/json`)),
    imageNames: async (image) => makersFirst(z.object({ RepoTags: z.array(z.string()) }).parse(await ask("GET", `/images/${image}/json`)).RepoTags),
    containersOf: (sandbox) => containers(`dev.sbx.sandbox=${sandbox}`),
    remains: async () => {
      const volumes = Volumes.parse(await ask("GET", `/volumes?${labelled(owner)}`)).Volumes ?? [];
      const mounts = readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .filter((line) => line.includes(`${root}/`));
      return [...(await containers(owner)).map(({ Names }) => `container ${Names.join()}`), ...volumes.map(({ Name }) => `volume ${Name}`), ...mounts.map((line) => `mount ${line}`)];
    },
    async [Symbol.asyncDispose]() {
      await sbx(["rm", "--all", "--force"]);
      await sbx(["daemon", "stop"]);
      await patiently(5000, () => processesOf(stateDirectory).length === 0);
      // Packages that were installed are kept for the next use, like images.
      const left = [...(await host.remains()).filter((one) => !one.startsWith("volume sbx-mcp-package-")), ...processesOf(stateDirectory)];
      for (const { Id } of await containers(owner)) await ask("DELETE", `/containers/${Id}?force=1&v=1`);
      for (const { Name } of Volumes.parse(await ask("GET", `/volumes?${labelled(owner)}`)).Volumes ?? []) await ask("DELETE", `/volumes/${Name}`);
      rmSync(root, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}`);
    },
  };
  return host;
}

/**
 * Wait until something is so; give up without a word after so many milliseconds. Gives whether it is so.
 * After a look it rests as long as that took: most looks are commands, and what is waited for needs the processor.
 */
export async function patiently(ms: number, isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const looked = performance.now();
    if (await isSo()) return true;
    await sleep(Math.max(25, performance.now() - looked));
  }
  return await isSo();
}

function made(directory: string, mode: number): string {
  mkdirSync(directory, { recursive: true, mode });
  return directory;
}

/** Give a tree to a user and the group of the same number. */
export function giveTo(directory: string, uid: number): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) lchownSync(path.join(directory, name), uid, uid);
  lchownSync(directory, uid, uid);
}

/** Processes of this host whose environment names the state directory, other than this one and what it started to ask. */
function processesOf(stateDirectory: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(`SBX_STATE_DIR=${stateDirectory}`))
    .map((pid) => `process ${pid}`);
}

function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  } catch {
    return [];
  }
}
