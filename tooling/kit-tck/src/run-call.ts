import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import { LABELS, type SandboxHandle, type Sbx } from "@sbx/core";
import * as z from "zod";
import { askEngine, labelled } from "../../e2e/src/engine-api.ts";
import { CLAIMED } from "./claimed.ts";
import type { KeptSandbox, KeptSandboxes } from "./kept-sandboxes.ts";
import { EXIT } from "./outcome.ts";
import type { AdapterCall, CreateWishes } from "./read-call.ts";

/** The user of the agents' images, to whom workspaces belong. */
const AGENT_ID = 1000;
/** Longest time in which a sandbox without a session stops by itself, with what stopping takes, in milliseconds. */
const STOPPED_MS = 30_000;

/** What a call of the contract is carried out with. */
export interface AdapterParts {
  /** The runtime, with the seeded store of skills or another one. */
  readonly sbx: (store: KeptSandbox["store"]) => Sbx;
  /** End the daemon of such a store. */
  readonly endDaemon: (store: NonNullable<KeptSandbox["store"]>) => Promise<void>;
  /** Gives the daemon the secret that the suite looks for. */
  readonly bindSecret: (store: KeptSandbox["store"]) => Promise<void>;
  readonly kept: KeptSandboxes;
  /** Where workspaces are made. */
  readonly workspaces: string;
  /** The engine that the daemon uses, asked for what is really there. */
  readonly dockerHost: string | undefined;
  /** After which time without a session the daemon stops a sandbox. */
  readonly idleStopMs: number;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * Carry out one call of the contract. Resolves with the exit code.
 *
 * @throws AppError what the runtime says
 */
export async function runCall(call: AdapterCall, parts: AdapterParts): Promise<number> {
  switch (call.verb) {
    case "capabilities":
      parts.stdout.write(CLAIMED.map((type) => `${type}\n`).join(""));
      return EXIT.done;
    case "create":
      return await create(call, parts);
    case "recreate":
      return await recreate(call, parts);
    case "rm":
      return await remove(call.id, parts);
    case "selection-policy":
      await parts.kept.write(call.id, { ...(await keptOf(call.id, parts)), reject: [...call.reject] });
      return EXIT.done;
    case "volume-paths":
      parts.stdout.write(`${JSON.stringify(await volumePaths(await keptOf(call.id, parts), parts))}\n`);
      return EXIT.done;
    default:
      return await onBox(await boxOf(call.id, parts), call, parts);
  }
}

type Whole = "capabilities" | "create" | "recreate" | "rm" | "selection-policy" | "volume-paths";

/** Calls that are about a sandbox which is there. */
async function onBox(box: SandboxHandle, call: Exclude<AdapterCall, { readonly verb: Whole }>, parts: AdapterParts): Promise<number> {
  switch (call.verb) {
    case "exec":
      return await exec(box, call.command, parts);
    case "stop":
      await box.stop();
      return EXIT.done;
    case "start":
      await startAgain(box);
      return EXIT.done;
    case "selection":
      parts.stdout.write(`${JSON.stringify(await box.selection())}\n`);
      return EXIT.done;
    case "wait-idle":
      return await waitIdle(box, parts);
    case "status":
      parts.stdout.write(`${(await box.inspect()).state.phase === "running" ? "running" : "stopped"}\n`);
      return EXIT.done;
  }
}

async function create({ references, wishes }: Extract<AdapterCall, { verb: "create" }>, parts: AdapterParts): Promise<number> {
  await mkdir(parts.workspaces, { recursive: true });
  const workspace = await mkdtemp(path.join(parts.workspaces, "workspace-"));
  if (process.getuid?.() === 0) await chown(workspace, AGENT_ID, AGENT_ID);
  try {
    const box = await make(parts, { references, workspace, wishes });
    const id = parts.kept.newId();
    await parts.kept.write(id, { sandbox: box.id, workspace, ...(wishes.store === undefined ? {} : { store: wishes.store }) });
    parts.stdout.write(`${id}\n`);
    return EXIT.done;
  } catch (error) {
    await rm(workspace, { recursive: true, force: true });
    await endUnused(wishes.store, parts);
    throw error;
  }
}

interface Making {
  readonly references: readonly string[];
  readonly workspace: string;
  readonly wishes: CreateWishes;
}

/** Make a sandbox and start its program; one whose program does not start is taken away. */
async function make({ sbx, bindSecret }: AdapterParts, { references, workspace, wishes: { name, args, env, skills, reject, store, gitIdentity, sshAgent } }: Making): Promise<SandboxHandle> {
  const [agent, ...kits] = references;
  if (agent === undefined) throw new Error("no Kit was named");
  const given = { ...(name === undefined ? {} : { name }), ...(gitIdentity === undefined ? {} : { gitIdentity }), ...(sshAgent === undefined ? {} : { sshAgent }) };
  await bindSecret(store);
  const box = await sbx(store).create({ agent, kits, kitArgs: args, workspace, env, skills, reject, ...given });
  try {
    await startProgram(box);
    return box;
  } catch (error) {
    await box.remove({ force: true });
    throw error;
  }
}

/** A daemon with a store of its own ends with its last sandbox. */
async function endUnused(store: KeptSandbox["store"], { sbx, endDaemon }: AdapterParts): Promise<void> {
  if (store !== undefined && (await sbx(store).list()).length === 0) await endDaemon(store);
}

/** The program runs without anybody who looks, and so has a terminal: its session outlives this process. */
async function startProgram(box: SandboxHandle): Promise<void> {
  (await box.pty()).leave();
}

async function startAgain(box: SandboxHandle): Promise<void> {
  await box.start();
  await startProgram(box);
}

async function exec(box: SandboxHandle, command: readonly string[], { stdout, stderr }: AdapterParts): Promise<number> {
  const run = box.exec(command);
  const piped = [run.stdout.pipe(stdout, { end: false }), run.stderr.pipe(stderr, { end: false })];
  const [code] = await Promise.all([run.exitCode, finished(run.stdout), finished(run.stderr)]);
  for (const stream of piped) stream.removeAllListeners("drain");
  return code;
}

/** With references these take the place of all that it was made of, the first that of its workload. */
async function recreate({ id, references, args }: Extract<AdapterCall, { verb: "recreate" }>, parts: AdapterParts): Promise<number> {
  const { reject } = await keptOf(id, parts);
  const box = await boxOf(id, parts);
  const [agent, ...kits] = references;
  await box.recreate({ ...(agent === undefined ? {} : { agent, kits }), kitArgs: args, ...(reject === undefined ? {} : { reject }), force: true });
  await startProgram(box);
  return EXIT.done;
}

async function remove(id: string, parts: AdapterParts): Promise<number> {
  const { sandbox, workspace, store } = await keptOf(id, parts);
  await (await parts.sbx(store).get(sandbox)).remove({ force: true });
  await rm(workspace, { recursive: true, force: true });
  await endUnused(store, parts);
  return EXIT.done;
}

const Volumes = z.object({ Volumes: z.array(z.object({ Labels: z.record(z.string(), z.string()) })).nullable() });

/** Where the sandbox's volumes are, as the engine has them, also when the sandbox is gone. The home is one volume; what a Kit asks for below it has none of its own. */
async function volumePaths({ sandbox }: KeptSandbox, { dockerHost }: AdapterParts): Promise<readonly string[]> {
  const { Volumes: found } = Volumes.parse(await askEngine("GET", `/volumes?${labelled(`${LABELS.sandbox}=${sandbox}`)}`, dockerHost));
  return (found ?? []).flatMap(({ Labels }) => Labels[LABELS.path] ?? []).toSorted();
}

/** A real session comes and goes; then nobody looks for as long as an idle sandbox needs to stop. */
async function waitIdle(box: SandboxHandle, { idleStopMs }: AdapterParts): Promise<number> {
  await box.exec(["true"]).exitCode;
  const terminal = await box.pty({ command: ["true"] });
  terminal.output.resume();
  await terminal.exitCode;
  await new Promise((resolve) => {
    setTimeout(resolve, idleStopMs + STOPPED_MS);
  });
  return EXIT.done;
}

async function keptOf(id: string, { kept }: AdapterParts): Promise<KeptSandbox> {
  const found = await kept.read(id);
  if (found === undefined) throw new Error(`there is no sandbox ${id}`);
  return found;
}

async function boxOf(id: string, parts: AdapterParts): Promise<SandboxHandle> {
  const { sandbox, store } = await keptOf(id, parts);
  return await parts.sbx(store).get(sandbox);
}
