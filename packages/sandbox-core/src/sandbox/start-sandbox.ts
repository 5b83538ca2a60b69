import { AppError } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { ContainerView, Engine, EngineId, Mount } from "../ports/engine.ts";
import type { PreparedWorkspace } from "../ports/host.ts";
import { groupFile, hostsFile, passwdFile, promptFile, resolverFile } from "./account-files.ts";
import { contextMounts, kitPlaces } from "./context-mounts.ts";
import { runInstallHooks } from "./install-hooks.ts";
import { refuseLinkedPlaces } from "./kit-volumes.ts";
import { containerName, LABELS, labelsOf, recordLabel, type Role } from "./labels.ts";
import { containersOf, fingerprintOf, removePod, reusableContainers, WORKLOAD_FILES, type WorkloadBasis } from "./pod-containers.ts";
import { giveVolumes, prepareHome, profileFacts } from "./prepare-home.ts";
import type { Progress } from "./progress.ts";
import { runRootStartup } from "./startup-hooks.ts";
import { STAND_IN, STAND_IN_NAME } from "./stand-ins.ts";
import { readAccounts } from "./read-accounts.ts";
import { awaitGate, sandboxGate } from "./sandbox-gate.ts";
import { makeHomePlaces, shareMounts } from "./share-mounts.ts";
import { openSkills } from "./skills.ts";
import { workspaceRequest, type LiveSandbox, type SandboxParts } from "./sandbox-parts.ts";
import { trustMounts } from "./trust-mounts.ts";
import { waitForAll } from "./wait-for-all.ts";
import { accountOf, HOLD_PROGRAM, workloadContainer } from "./workload-container.ts";

/** How long the programs of a sandbox may take to end when it is stopped. */
const WORKLOAD_GRACE_S = 4;

export interface StartRequest {
  readonly live: LiveSandbox;
  readonly profile: AgentProfile;
  readonly gateImage: EngineId;
  /** The sandbox's gate, where it runs already and has handed over. */
  readonly gate?: EngineId | undefined;
  /** Makes what has to be there before its containers are made. */
  readonly makeVolumes?: () => Promise<void>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Bring a sandbox up: workspace, gate, checked hand-over, workload, checked mounts, home; in this order, so that no
 * instruction of the agent runs before the wall stands. A failure leaves nothing running.
 *
 * @throws AppError `POD_FAILED`, `WORKSPACE_UNSAFE`, `WORKSPACE_INVALID`, `ENGINE_FAILED`, `PLATFORM_UNSUPPORTED`
 */
export async function startSandbox(parts: SandboxParts, request: StartRequest): Promise<void> {
  const { live, profile, progress } = request;
  const engine = await parts.engine();
  const place = await workspaceRequest(parts, live.record);
  try {
    request.signal.throwIfAborted();
    const ids = await parts.ids.of({ engine, gateImage: request.gateImage, sandbox: live.record.id, signal: request.signal });
    const [prepared] = await waitForAll([progress.step("prepare workspace", () => parts.workspace.prepare({ ...place, ids })), request.makeVolumes?.() ?? Promise.resolve()]);
    live.record = { ...live.record, user: `${prepared.user.uid}:${prepared.user.gid}`, protected: [...prepared.protected], hidden: [...prepared.hidden], notices: [...prepared.notices] };
    const skills = await openSkills(parts.skills, live.record, profile.skills);
    const shared = await shareMounts(parts, { live, profile, ids });
    const hooks = { engine, skills, shared, ...request };
    const installed = await runInstallHooks(parts, hooks);
    const ssh = await parts.ssh.start(live.record, "runtime");
    const done = { install: installed, home: (await runRootStartup(parts, { ...hooks, ssh }, { installed })) || installed };
    const socket = [...(await parts.docker.start(live.record, prepared.mounts)), ...ssh];
    const contexts = await contextMounts(parts, engine, { record: live.record, contexts: profile.contexts(place.workspace) });
    const trust = await trustMounts(parts, engine, live.record);
    await progress.step("start pod", () =>
      startContainers(parts, { ...request, engine, given: done.home, shared, prepared: { ...prepared, mounts: [...prepared.mounts, ...contexts, ...trust, ...skills.mounts, ...shared] }, socket }),
    );
    await verifyMounts(parts, { ...request, engine, prepared });
    await progress.step("prepare home", () => prepareHome(parts, { engine, live, profile, skills, done, signal: request.signal }));
    await parts.ports.open(live.record, live.record.request.publish);
    live.running = true;
    parts.store.putSandbox(live.record);
    parts.record({ type: "sandbox.started", sandbox: live.record.id, fields: { name: live.record.name, agent: live.record.request.agent } });
  } catch (error) {
    await abandon(parts, live);
    throw error;
  }
}

/**
 * Take back what a failed start made. What fails here too is left for the next start, stop or removal, which look at
 * the engine and not at what is remembered: what went wrong first is what a caller has to know.
 */
async function abandon(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  await stopContainers(parts, live).catch(() => undefined);
  // Also where the engine is gone: without the daemon's end nothing gets out.
  await Promise.resolve(live.pod?.[Symbol.asyncDispose]()).catch(() => undefined);
  live.pod = undefined;
  live.running = false;
  await releaseWorkspace(parts, live).catch(() => undefined);
}

/** Give the workspace back as it was found: no mounts, copies or directories of ours. */
export async function releaseWorkspace(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  await parts.workspace.release({ id: live.record.id, directory: await parts.files.workspaceDirectory(live.record.id) });
}

interface StartWork extends StartRequest {
  readonly engine: Engine;
  readonly prepared: PreparedWorkspace;
  /** How the workload finds its Docker API, and its SSH agent. */
  readonly socket: readonly Mount[];
  /** Home and volumes are the sandbox's user's already, but for what hooks of root made of them. */
  readonly given: boolean;
  /** Directories that its Kits share, which are among the mounts. */
  readonly shared: readonly Mount[];
}

/** An engine that was killed may hold on to what ran in a container, and never start that one again: others are made in its place. */
async function startContainers(parts: SandboxParts, work: StartWork): Promise<void> {
  try {
    await startOnce(parts, work);
  } catch (error) {
    if (!AppError.is(error) || error.details["held"] !== true) throw error;
    const { live, engine } = work;
    // Before its gate, whose end is then no fault.
    await live.pod?.[Symbol.asyncDispose]();
    live.pod = undefined;
    await removePod(engine, await containersOf(parts, engine, live.record.id));
    await startOnce(parts, { ...work, gate: undefined });
  }
}

async function startOnce(parts: SandboxParts, work: StartWork): Promise<void> {
  const { live, engine, signal } = work;
  const { id, name } = live.record;
  const holdProgram = await parts.files.holdProgram(work.gateImage);
  const standIn = await parts.files.program(STAND_IN_NAME, STAND_IN);
  const basis = { record: live.record, gateImage: work.gateImage, holdProgram, standIn, profileEnv: work.profile.environment(profileFacts(live.record)), prepared: work.prepared, socket: work.socket };
  const reused = work.gate === undefined ? await reusableContainers(parts, engine, basis) : undefined;
  live.pod ??= await parts.pods.open({ id, name, hostname: containerName(live.record), directory: await parts.files.podDirectory(id), resume: false });
  const gate = work.gate ?? reused?.gate ?? (await engine.create(sandboxGate(parts, { id, image: work.gateImage, socketDirectory: live.pod.socketDirectory }), signal));
  remember(parts, live, { gate });
  // Both are waited for, also when one fails: what comes into being later would be nobody's.
  const starting = work.gate === undefined ? engine.start(gate, signal) : undefined;
  const [made, started] = await Promise.allSettled([reused?.workload ?? makeWorkload(parts, work, { gate, basis }), starting]);
  if (made.status === "rejected") throw made.reason;
  remember(parts, live, { workload: made.value });
  if (started.status === "rejected") throw started.reason;
  await awaitGate(live.pod, signal);
  await makeHomePlaces(parts, work, work.shared);
  await refuseLinkedPlaces(engine, made.value, [...kitPlaces(live.record, work.profile), ...work.shared.map(({ target }) => target)]);
  await engine.start(made.value, signal);
}

function remember(parts: SandboxParts, live: LiveSandbox, ids: { readonly gate: EngineId } | { readonly workload: EngineId }): void {
  live.record = { ...live.record, ...ids };
  parts.store.putSandbox(live.record);
}

interface WorkloadWork {
  readonly gate: EngineId;
  readonly basis: WorkloadBasis;
}

async function createWorkload(parts: SandboxParts, { live, engine, prepared, signal }: StartWork, { gate, basis }: WorkloadWork): Promise<EngineId> {
  const { record } = live;
  const account = accountOf(record);
  const [passwd, group] = await waitForAll([readAccounts(engine, record.image, "/etc/passwd"), readAccounts(engine, record.image, "/etc/group")]);
  const texts: Readonly<Record<keyof typeof WORKLOAD_FILES, string>> = {
    passwd: passwdFile(passwd, account),
    group: groupFile(group, account),
    hosts: hostsFile(containerName(record), record.name),
    resolver: resolverFile(),
    prompt: promptFile(record.name),
  };
  const write = (file: keyof typeof WORKLOAD_FILES): Promise<string> => parts.files.write(record.id, WORKLOAD_FILES[file], texts[file]);
  const [ofUser, ofGroup, hosts, resolver, prompt] = await waitForAll([write("passwd"), write("group"), write("hosts"), write("resolver"), write("prompt")]);
  const files = { passwd: ofUser, group: ofGroup, hosts, resolver, prompt };
  const { holdProgram, standIn, profileEnv } = basis;
  const labels = { ...labelsOf(parts.owner, record.id, "workload"), ...recordLabel({ ...record, gate }), [LABELS.basis]: fingerprintOf(basis) };
  return engine.create(workloadContainer({ record, gate, labels, profileEnv, workspaceMounts: prepared.mounts, socket: basis.socket, holdProgram, standIn, files }), signal);
}

/** The engine fills the new home from the image, whose user may have another number than the workspace's owner. */
async function makeWorkload(parts: SandboxParts, work: StartWork, workload: WorkloadWork): Promise<EngineId> {
  const made = await createWorkload(parts, work, workload);
  if (!work.given) await giveVolumes(parts, work);
  return made;
}

/** Ask the fresh container what its mounts really are, while nothing but our own pid 1 runs in it. */
async function verifyMounts(parts: SandboxParts, { live, engine, prepared, signal }: Omit<StartWork, "socket" | "given" | "shared">): Promise<void> {
  const { record } = live;
  if (record.workload === undefined || prepared.checkpoints.length === 0) return;
  const seen = await engine.run(record.workload, { command: [HOLD_PROGRAM, "stat", ...prepared.checkpoints], env: {}, user: record.user, workdir: "/" }, signal);
  await parts.workspace.verify(await workspaceRequest(parts, record), seen.stdout);
}

/** Stop workload, then the daemon's end, then the gate. Resolves when nothing of the sandbox runs. */
export async function stopContainers(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  await parts.ports.close(live.record.id);
  await parts.ssh.stop(live.record.id);
  await parts.docker.stop(live.record);
  const engine = await parts.engine();
  const views = await containersOf(parts, engine, live.record.id);
  const running = (role: Role): readonly ContainerView[] => views.filter(({ labels, state }) => labels[LABELS.role] === role && state === "running");
  for (const { id } of running("workload")) await engine.stop(id, WORKLOAD_GRACE_S);
  // Before the gate ends, so that its end is not taken for a fault.
  await live.pod?.[Symbol.asyncDispose]();
  live.pod = undefined;
  for (const { id } of running("gate")) await engine.stop(id, 0);
  live.running = false;
}
