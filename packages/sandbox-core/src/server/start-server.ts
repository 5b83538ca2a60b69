import { AppError, type ServerPodId } from "@sbx/contracts";
import type { Engine, EngineId, ExecProcess, Mount } from "../ports/engine.ts";
import type { WorkloadLink } from "../ports/host.ts";
import type { PreparedParts } from "../ports/server-host.ts";
import { groupFile, hostsFile, passwdFile, resolverFile } from "../sandbox/account-files.ts";
import { readAccounts } from "../sandbox/read-accounts.ts";
import { waitForAll } from "../sandbox/wait-for-all.ts";
import { HOLD_PROGRAM } from "../sandbox/workload-container.ts";
import { startThroughInit } from "../session/start-through-init.ts";
import { dataVolume, giveVolumes, makeVolumes } from "./data-volumes.ts";
import { authorityVariables, checkTarget, SERVER_HOME, serverContainer, serverUser } from "./server-container.ts";
import type { ServerLaunch } from "./server-launch.ts";
import { createGate, GATE_TIMEOUT_MS, HOSTNAME, type ServerGate } from "./server-gate.ts";
import { serverLabels, type ServerParts } from "./server-parts.ts";
import type { SpareGate } from "./spare-gates.ts";

/** How long a server may take to end after it was told to. */
const WORKLOAD_GRACE_S = 1;

export interface StartServerRequest {
  readonly id: ServerPodId;
  /** A gate of this id that is ready and whose pod is nobody's; the scope has it already. */
  readonly spare?: SpareGate | undefined;
  readonly launch: ServerLaunch;
  readonly signal: AbortSignal;
  /** Receives everything that is to be taken back, in the order in which it was made. */
  readonly scope: AsyncDisposableStack;
}

/** What a server runs in, before its program does. */
interface Place {
  readonly engine: Engine;
  readonly gateImage: EngineId;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly prepared: PreparedParts | undefined;
  readonly link: WorkloadLink;
}

/**
 * Bring a server up: volumes, gate, checked hand-over, container, checked mounts, and only then its program, which alone
 * is given the secrets.
 *
 * @throws AppError `CATALOG_INVALID`, `WORKSPACE_INVALID`, `WORKSPACE_UNSAFE`, `POD_FAILED`, `SERVER_FAILED`, `ENGINE_FAILED`, or the signal's reason
 */
export async function startServer(parts: ServerParts, request: StartServerRequest): Promise<ExecProcess> {
  const { id, launch, signal, scope } = request;
  signal.throwIfAborted();
  for (const target of [...launch.volumes.map((volume) => volume.target), ...launch.scratch]) checkTarget(launch.server, target);
  const engine = await parts.engine();
  const gateImage = request.spare?.image ?? (await (await parts.images()).gate(() => undefined, signal));
  if (request.spare === undefined) scope.defer(() => parts.files.remove(id));
  const prepared = await prepareParts(parts, request);
  await makeVolumes(parts, engine, launch);
  const place: Omit<Place, "link"> = { engine, gateImage, user: prepared?.user ?? serverUser(launch), prepared };
  const { workload, link } = await startContainers(parts, request, place);
  const inside = startThroughInit(engine, (container) => (container === workload ? { user: userOf(place), starter: () => link.starter() } : undefined));
  await verifyParts(parts, { id, engine: inside, workload, prepared, user: userOf(place), signal });
  return startProgram(inside, { launch, workload, user: userOf(place), signal });
}

async function prepareParts(parts: ServerParts, { id, launch, scope }: StartServerRequest): Promise<PreparedParts | undefined> {
  const wanted = launch.volumes.filter((volume) => volume.kind === "part");
  if (wanted.length === 0) return undefined;
  const { sandbox, server } = launch;
  if (sandbox === undefined)
    throw new AppError("WORKSPACE_INVALID", {
      message: `Server "${server}" is to see "${wanted[0]?.path ?? ""}" of this machine, and works for no sandbox`,
      fix: "Use it in a sandbox whose workspace holds the path.",
    });
  const directory = await parts.files.workspaceDirectory(id);
  scope.defer(() => parts.workspace.releaseParts({ id, directory }));
  return parts.workspace.prepareParts({ id, directory, sandbox: await parts.workspaceOf(sandbox), parts: wanted, isVerified: true });
}

async function startContainers(parts: ServerParts, request: StartServerRequest, place: Omit<Place, "link">): Promise<{ readonly workload: EngineId; readonly link: WorkloadLink }> {
  const { id, launch, signal, scope, spare } = request;
  const { engine, gateImage } = place;
  const made: { workload?: EngineId } = {};
  const { container: gate, link } = spare === undefined ? await ownGate(parts, request, place) : given(spare, launch);
  scope.defer(() => endWorkload(engine, made.workload));
  // Both are waited for, also when one fails: what comes into being later would be nobody's.
  const starting = spare === undefined ? engine.start(gate, signal) : undefined;
  const [created, started] = await Promise.allSettled([createWorkload(parts, { id, launch, gate, place: { ...place, link }, signal }), starting]);
  if (created.status === "fulfilled") made.workload = created.value;
  if (created.status === "rejected") throw created.reason;
  if (started.status === "rejected") throw started.reason;
  await giveVolumes(parts, { engine, launch, gateImage, user: userOf(place), id, signal });
  await link.ready(AbortSignal.any([signal, AbortSignal.timeout(GATE_TIMEOUT_MS)])).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (AppError.is(cause)) throw cause;
    throw new AppError("POD_FAILED", { message: `The gate of server "${launch.server}" did not hand over its listeners`, fix: "Look at the machine with: sbx doctor", cause });
  });
  await engine.start(created.value, signal);
  return { workload: created.value, link };
}

async function ownGate(parts: ServerParts, { id, launch, signal, scope }: StartServerRequest, { engine, gateImage }: Pick<Place, "engine" | "gateImage">): Promise<ServerGate<WorkloadLink>> {
  const labels = serverLabels(parts.owner, "server-gate", { id, ...launch });
  return createGate(parts, { id, engine, image: gateImage, labels, open: (at) => parts.network.open({ ...at, ...whomItServes(launch) }), signal, scope });
}

/** From here on its pod may reach what this server may. */
function given(spare: SpareGate, launch: ServerLaunch): ServerGate<WorkloadLink> {
  spare.link.give(whomItServes(launch));
  return spare;
}

function whomItServes({ server, sandbox, rules, purpose }: ServerLaunch): Pick<ServerLaunch, "server" | "sandbox" | "rules" | "purpose"> {
  return { server, sandbox, rules, purpose };
}

/** Its programs are told to end before they are made to. */
async function endWorkload(engine: Engine, workload: EngineId | undefined): Promise<void> {
  if (workload === undefined) return;
  await engine.stop(workload, WORKLOAD_GRACE_S).catch(() => undefined);
  await engine.remove(workload);
}

interface CreateRequest extends Pick<StartServerRequest, "id" | "launch" | "signal"> {
  readonly gate: EngineId;
  readonly place: Place;
}

async function createWorkload(parts: ServerParts, { id, launch, gate, place, signal }: CreateRequest): Promise<EngineId> {
  const { engine, gateImage, user, prepared } = place;
  const account = { name: "mcp", home: SERVER_HOME, shell: "/bin/sh", ...user };
  const [passwd, group] = await waitForAll([readAccounts(engine, launch.image, "/etc/passwd"), readAccounts(engine, launch.image, "/etc/group")]);
  const write = (name: string, content: string): Promise<string> => parts.files.write(id, name, content);
  const names = launch.hosts.map(({ name, address }) => `${address} ${name}\n`).join("");
  const [passwdPath, groupPath, hosts, resolver, authorities, holdProgram] = await waitForAll([
    write("passwd", passwdFile(passwd, account)),
    write("group", groupFile(group, account)),
    write("hosts", `${hostsFile(HOSTNAME)}${names}`),
    write("resolv.conf", resolverFile()),
    launch.authorities === undefined ? Promise.resolve(undefined) : write("ca.pem", launch.authorities),
    parts.files.holdProgram(gateImage),
  ]);
  const spec = serverContainer(launch, {
    name: `sbx-mcp-${id.slice(4)}`,
    gate,
    labels: serverLabels(parts.owner, "server", { id, ...launch }),
    user,
    mounts: [...launch.volumes.flatMap((volume) => mountOf(launch, volume)), ...(prepared?.mounts ?? [])],
    holdProgram,
    files: { passwd: passwdPath, group: groupPath, hosts, resolver, authorities },
  });
  return engine.create(spec, signal);
}

function mountOf(launch: ServerLaunch, volume: ServerLaunch["volumes"][number]): readonly Mount[] {
  switch (volume.kind) {
    case "part":
      return [];
    case "data":
      return [{ kind: "volume", source: dataVolume(launch, volume.name), target: volume.target, readonly: volume.readonly }];
    case "package":
      return [{ kind: "volume", source: volume.volume, target: volume.target, readonly: launch.purpose === "run" }];
  }
}

interface Verify {
  readonly id: ServerPodId;
  readonly engine: Engine;
  readonly workload: EngineId;
  readonly prepared: PreparedParts | undefined;
  readonly user: string;
  readonly signal: AbortSignal;
}

/** Ask the fresh container what its mounts really are, while nothing but our own pid 1 runs in it. */
async function verifyParts(parts: ServerParts, { id, engine, workload, prepared, user, signal }: Verify): Promise<void> {
  if (prepared === undefined) return;
  const seen = await engine.run(workload, { command: [HOLD_PROGRAM, "stat", ...prepared.checkpoints], env: {}, user, workdir: "/" }, signal);
  await parts.workspace.verifyParts({ directory: await parts.files.workspaceDirectory(id) }, seen.stdout);
}

interface Program {
  readonly launch: ServerLaunch;
  readonly workload: EngineId;
  readonly user: string;
  readonly signal: AbortSignal;
}

/** The engine keeps the environment of a container where everybody who may ask it can read it, and that of a process nowhere. */
async function startProgram(engine: Engine, { launch, workload, user, signal }: Program): Promise<ExecProcess> {
  const secrets = Object.fromEntries(Object.entries(launch.secrets).map(([name, secret]) => [name, secret.reveal()]));
  try {
    return await engine.exec(
      workload,
      { command: launch.command, env: { ...authorityVariables(launch), ...launch.env, ...secrets, HOME: SERVER_HOME }, user, workdir: launch.workdir, tty: false, stdin: true },
      signal,
    );
  } catch (cause) {
    signal.throwIfAborted();
    if (!AppError.is(cause) || cause.code !== "ENGINE_FAILED") throw cause;
    throw new AppError("SERVER_FAILED", { message: `Server "${launch.server}" could not be started: ${cause.message}`, fix: "See whether its image has the program that its entry names.", cause });
  }
}

function userOf({ user: { uid, gid } }: Pick<Place, "user">): string {
  return `${uid}:${gid}`;
}
