import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, unlink } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { LABELS, type DaemonContainerSpec, type EngineId, type Mount } from "@sbx/core";
import type { FoundEngine } from "@sbx/engine-docker";
import { elsewhere, SHARES, USE_ANOTHER } from "./elsewhere.ts";
import type { BesidePlan } from "./plan-beside.ts";
import { probeContainer } from "./probe-container.ts";

/** Where an engine's socket lies on its own machine; one that is reached at a path may have it there. */
const SOCKETS = ["/var/run/docker.sock", "/run/podman/podman.sock"];
/** Ends when it is told to; the daemon is another process beside it. A shell that waits also buries what others leave. */
const FIRST_PROCESS = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done";
/** Root's own daemon reads and gives away what is whoever's; it mounts nothing. */
const ROOTS_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER"];

/** What a container for a daemon is made with. */
export interface MakeBeside {
  readonly found: FoundEngine;
  readonly image: EngineId;
  readonly plan: BesidePlan;
  readonly owner: string;
  readonly user: { readonly uid: number; readonly gid: number };
}

/** A container that runs, for a daemon that is not started yet. */
export interface MadeBeside {
  readonly id: EngineId;
  /** On the engine's machine and in the container. */
  readonly stateDirectory: string;
  readonly engineSocket: string;
}

/**
 * Make the container of a daemon beside its engine, in place of one that was left.
 *
 * Its state lies in a volume that it has at the very path at which the engine's machine has it: paths below that mean the same
 * to the daemon and to the engine, which binds them into gates and workloads as it does those of a daemon on its own machine.
 *
 * @throws AppError `ENGINE_ELSEWHERE` with what is not to be seen there
 */
export async function makeBeside(make: MakeBeside): Promise<MadeBeside> {
  const { plan, owner } = make;
  const { engine } = make.found;
  const { endpoint, remaps } = engine.info;
  if (remaps !== false) throw elsewhere(endpoint, "its containers have other ids than this machine's files", "Use an engine that leaves ids as they are.");
  const labels = { [LABELS.owner]: owner, [LABELS.role]: "daemon" };
  for (const role of ["daemon", "probe"]) for (const { id } of await engine.list([`${LABELS.owner}=${owner}`, `${LABELS.role}=${role}`])) await engine.remove(id);
  const isNew = (await engine.listVolumes([`${LABELS.owner}=${owner}`, `${LABELS.role}=daemon`])).length === 0;
  await engine.createVolume(plan.name, labels);
  try {
    return await makeIn(make, labels);
  } catch (error) {
    if (isNew) await engine.removeVolume(plan.name);
    throw error;
  }
}

/** With its volume there. */
async function makeIn(make: MakeBeside, labels: Readonly<Record<string, string>>): Promise<MadeBeside> {
  const { plan, image, user } = make;
  const { engine, host } = make.found;
  const stateDirectory = await host.volumeDirectory(plan.name);
  await prepare(make);
  const { socket, group } = await findSocket(make);
  const spec: DaemonContainerSpec = {
    name: plan.name,
    image,
    command: ["sh", "-c", FIRST_PROCESS],
    labels,
    user: `${String(user.uid)}:${String(user.gid)}`,
    groups: [group],
    capabilities: user.uid === 0 ? ROOTS_CAPABILITIES : [],
    binds: [...[...plan.shares, plan.configDirectory].map((one) => ({ path: one, readonly: false })), { path: plan.installation, readonly: true }, { path: socket, readonly: false }],
    volume: { name: plan.name, target: stateDirectory },
  };
  const id = await host.createDaemon(spec).catch((error: unknown) => {
    throw isAbout(error, plan.installation) ? notShared(engine.info.endpoint, plan.installation, plan) : error;
  });
  try {
    await engine.start(id);
  } catch (error) {
    await engine.remove(id);
    throw error;
  }
  return { id, stateDirectory, engineSocket: socket };
}

/**
 * See that the engine has this machine's directories at their own paths: the same files, not others of that name. And give the
 * volume to the daemon's user: a new one is root's.
 */
async function prepare({ found: { engine }, image, plan, owner, user }: MakeBeside): Promise<void> {
  await mkdir(plan.configDirectory, { recursive: true, mode: 0o700 });
  await using scope = new AsyncDisposableStack();
  const marks: Mark[] = [];
  for (const share of new Set([...plan.shares, plan.configDirectory])) marks.push(await leaveMark(share, scope));
  const mounts: readonly Mount[] = [
    ...marks.map(({ place }, at) => ({ kind: "bind", source: place, target: `/marks/${String(at)}`, readonly: true }) as const),
    { kind: "volume", source: plan.name, target: "/state", staysEmpty: true },
  ];
  try {
    await using container = await probeContainer(engine, { image, labels: { [LABELS.owner]: owner }, mounts, capabilities: ["CHOWN", "FOWNER", "DAC_OVERRIDE"] });
    for (const [at, { share, word }] of marks.entries()) {
      if ((await container.run('cat "/marks/$1"', String(at))).stdout !== word) throw notShared(engine.info.endpoint, share, plan);
    }
    const { exitCode } = await container.run('chown "$1" /state && chmod 700 /state', `${String(user.uid)}:${String(user.gid)}`);
    if (exitCode !== 0) throw elsewhere(engine.info.endpoint, "the volume of the daemon's state cannot be given to its user", USE_ANOTHER);
  } catch (error) {
    const missing = marks.find(({ place }) => isAbout(error, place));
    throw missing === undefined ? error : notShared(engine.info.endpoint, missing.share, plan);
  }
}

/** A file with a word that nobody can guess, in a directory that is to be shared. */
interface Mark {
  readonly share: string;
  readonly place: string;
  readonly word: string;
}

/** @throws AppError `CONFIG_INVALID` when nothing can be written there */
async function leaveMark(share: string, scope: AsyncDisposableStack): Promise<Mark> {
  const [name, word] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const place = path.join(share, `.sbx-probe-${name}`);
  // An agent may write in there: a new file and its own name only, so that nothing can be led elsewhere.
  const file = await open(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o400).catch((cause: unknown) => {
    throw new AppError("CONFIG_INVALID", { message: `"${share}" cannot be shared with a daemon beside the engine: ${String(cause)}`, fix: `Name directories of your own with ${SHARES}.`, cause });
  });
  scope.defer(async () => unlink(place).catch(() => undefined));
  await file.writeFile(word);
  await file.close();
  return { share, place, word };
}

/** Whether the engine made no container because of a mount's source. */
function isAbout(error: unknown, source: string): boolean {
  return AppError.is(error) && error.code === "ENGINE_FAILED" && error.message.includes(source);
}

function notShared(endpoint: string, share: string, { installation, configDirectory }: BesidePlan): AppError {
  const instead = share === configDirectory ? "set SBX_CONFIG_DIR to one that is" : share === installation ? "install sbx in one that is" : `name directories that are with ${SHARES}`;
  const fix = `Share it with the engine's machine, or ${instead}. ${USE_ANOTHER}`;
  return elsewhere(endpoint, `"${share}" of this machine is not there`, fix);
}

/** Find the engine's own socket on its machine, and whose group it is: the one at which this very engine answers. */
async function findSocket({ found: { engine, host }, image, owner }: MakeBeside): Promise<{ readonly socket: string; readonly group: number }> {
  const { id } = await host.machine();
  const own = /^unix:\/\/(\/.+)$/.exec(engine.info.endpoint)?.[1];
  for (const socket of new Set([...(own === undefined ? [] : [own]), ...SOCKETS])) {
    try {
      const mounts = [{ kind: "bind", source: socket, target: "/probe.sock", readonly: true }] as const;
      await using container = await probeContainer(engine, { image, labels: { [LABELS.owner]: owner }, mounts, capabilities: ["DAC_OVERRIDE"] });
      const asked = await container.run("stat -c %g /probe.sock && curl -sS -m 10 --unix-socket /probe.sock http://engine/info | jq -r .ID");
      const [group, answered] = asked.stdout.split("\n");
      if (answered === id && /^\d+$/.test(group ?? "")) return { socket, group: Number(group) };
    } catch (error) {
      if (!isAbout(error, socket)) throw error;
    }
  }
  throw elsewhere(engine.info.endpoint, "its own socket is not at a usual place of its machine", USE_ANOTHER);
}
