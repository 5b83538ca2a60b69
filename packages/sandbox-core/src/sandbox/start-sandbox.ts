import { AppError } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import { gateContainer } from "../pod/gate-container.ts";
import type { Engine, EngineId } from "../ports/engine.ts";
import type { PreparedWorkspace } from "../ports/host.ts";
import { groupFile, hostsFile, passwdFile } from "./account-files.ts";
import { labelsOf, recordLabel } from "./labels.ts";
import { homeContainer, prepareHome, profileFacts, runToEnd } from "./prepare-home.ts";
import type { Progress } from "./progress.ts";
import { workspaceRequest, type LiveSandbox, type SandboxParts } from "./sandbox-parts.ts";
import { HOLD_PROGRAM, idsOf, workloadContainer } from "./workload-container.ts";

/** How long a gate may take to hand over its listeners. */
const GATE_TIMEOUT_MS = 20_000;
/** The user `agent` of every image that a Kit may have (sandbox-kit-spec v3, platform floor). */
const IMAGE_USER = "1000:1000";

export interface StartRequest {
  readonly live: LiveSandbox;
  readonly profile: AgentProfile;
  readonly gateImage: EngineId;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Bring a sandbox up: workspace, gate, checked hand-over, workload, checked mounts, home; in this order, so that no
 * instruction of the agent runs before the wall stands. A failure leaves nothing running.
 *
 * @throws AppError `POD_FAILED`, `WORKSPACE_UNSAFE`, `WORKSPACE_INVALID`, `ENGINE_FAILED`
 */
export async function startSandbox(parts: SandboxParts, request: StartRequest): Promise<void> {
  const { live, profile, progress } = request;
  const engine = await parts.engine();
  const place = await workspaceRequest(parts, live.record, profile);
  try {
    const prepared = await progress.step("prepare workspace", () => parts.workspace.prepare(place));
    live.record = { ...live.record, user: `${prepared.user.uid}:${prepared.user.gid}`, protected: [...prepared.protected], hidden: [...prepared.hidden], notices: [...prepared.notices] };
    await progress.step("start pod", () => startContainers(parts, { ...request, engine, prepared }));
    await verifyMounts(parts, { ...request, engine, prepared });
    await progress.step("prepare home", () => prepareHome(parts, { engine, live, profile, signal: request.signal }));
    live.running = true;
    parts.store.putSandbox(live.record);
    parts.record({ type: "sandbox.started", sandbox: live.record.id, fields: { name: live.record.name, agent: live.record.request.agent } });
  } catch (error) {
    await stopContainers(parts, live);
    await parts.workspace.release(place);
    throw error;
  }
}

interface StartWork extends StartRequest {
  readonly engine: Engine;
  readonly prepared: PreparedWorkspace;
}

async function startContainers(parts: SandboxParts, work: StartWork): Promise<void> {
  const { live, engine, signal } = work;
  const directory = await parts.files.podDirectory(live.record.id);
  live.pod ??= await parts.pods.open({ id: live.record.id, hostname: live.record.name, directory, resume: false });
  const gate = live.record.gate ?? (await createGate(parts, work, live.pod.socketDirectory));
  live.record = { ...live.record, gate };
  parts.store.putSandbox(live.record);
  const [workload] = await Promise.all([live.record.workload ?? makeWorkload(parts, work, gate), engine.start(gate, signal)]);
  live.record = { ...live.record, workload };
  parts.store.putSandbox(live.record);
  await live.pod.ready(AbortSignal.any([signal, AbortSignal.timeout(GATE_TIMEOUT_MS)])).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (AppError.is(cause)) throw cause;
    throw new AppError("POD_FAILED", { message: "The gate did not hand over the pod's listeners", fix: "Look at the machine with: sbx doctor", cause });
  });
  await engine.start(workload, signal);
}

async function createGate(parts: SandboxParts, { live, gateImage, engine, signal }: StartWork, socketDirectory: string): Promise<EngineId> {
  const { id, name } = live.record;
  return engine.create(gateContainer({ name: `sbx-gate-${id.slice(4)}`, image: gateImage, labels: labelsOf(parts.owner, id, "gate"), hostname: name, socketDirectory }), signal);
}

async function createWorkload(parts: SandboxParts, { live, profile, gateImage, engine, prepared, signal }: StartWork, gate: EngineId): Promise<EngineId> {
  const { record } = live;
  const account = { ...idsOf(record.user), home: record.homeDirectory };
  const [passwd, group, holdProgram] = await Promise.all([readAccounts(engine, record.image, "/etc/passwd"), readAccounts(engine, record.image, "/etc/group"), parts.files.holdProgram(gateImage)]);
  const files = {
    passwd: await parts.files.write(record.id, "passwd", passwdFile(passwd, account)),
    group: await parts.files.write(record.id, "group", groupFile(group, account)),
    hosts: await parts.files.write(record.id, "hosts", hostsFile(record.name)),
  };
  const labels = { ...labelsOf(parts.owner, record.id, "workload"), ...recordLabel({ ...record, gate }) };
  return engine.create(workloadContainer({ record, gate, labels, profileEnv: profile.environment(profileFacts(record)), workspaceMounts: prepared.mounts, holdProgram, files }), signal);
}

/** The engine fills the new home from the image, whose user may have another number than the workspace's owner. */
async function makeWorkload(parts: SandboxParts, work: StartWork, gate: EngineId): Promise<EngineId> {
  const workload = await createWorkload(parts, work, gate);
  const { record } = work.live;
  if (record.user !== IMAGE_USER) await runToEnd(work.engine, homeContainer(record, work.gateImage, labelsOf(parts.owner, record.id, "home")), work.signal);
  return workload;
}

async function readAccounts(engine: Engine, image: EngineId, path: string): Promise<string> {
  try {
    return (await engine.readFile(image, path)).toString("utf8");
  } catch (error) {
    if (AppError.is(error) && error.code === "ENGINE_UNREACHABLE") throw error;
    return "";
  }
}

/** Ask the fresh container what its mounts really are, while nothing but our own pid 1 runs in it. */
async function verifyMounts(parts: SandboxParts, { live, profile, engine, prepared, signal }: StartWork): Promise<void> {
  const { record } = live;
  if (record.workload === undefined || prepared.checkpoints.length === 0) return;
  const seen = await engine.run(record.workload, { command: [HOLD_PROGRAM, "stat", ...prepared.checkpoints], env: {}, user: record.user, workdir: "/" }, signal);
  await parts.workspace.verify(await workspaceRequest(parts, record, profile), seen.stdout);
}

/** Stop workload, then gate, then the daemon's end. Resolves when nothing of the sandbox runs. */
export async function stopContainers(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  const engine = await parts.engine();
  if (live.record.workload !== undefined) await engine.stop(live.record.workload, 4);
  // Before the gate ends, so that its end is not taken for a fault.
  await live.pod?.[Symbol.asyncDispose]();
  if (live.record.gate !== undefined) await engine.stop(live.record.gate, 0);
  live.pod = undefined;
  live.running = false;
}
