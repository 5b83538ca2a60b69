import { AppError, type SandboxId } from "@sbx/contracts";
import type { ContainerView, Engine } from "../ports/engine.ts";
import { endSandbox } from "./end-sandbox.ts";
import { containerName, isOfServer, LABELS } from "./labels.ts";
import { onlyOf } from "./pod-containers.ts";
import { refuseNewerRecord } from "./refuse-newer.ts";
import { SandboxRecord } from "./sandbox-record.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { stopContainers, releaseWorkspace } from "./start-sandbox.ts";

/**
 * Bring the daemon's memory and the engine together after a start. Repeatable: what an attempt that failed half way
 * has taken over stays taken over.
 *
 * Running workloads are taken over as they are: their gates hand the listeners over again. A sandbox that is in the
 * engine alone is rebuilt from its label; one that was begun and never finished is removed, and so is a container that
 * belongs to nobody.
 *
 * @throws AppError `ENGINE_UNREACHABLE`, `ENGINE_FAILED`, `STATE_NEWER` before anything is changed
 */
export async function reconcile(parts: SandboxParts, sandboxes: Map<SandboxId, LiveSandbox>): Promise<void> {
  const engine = await parts.engine();
  const views = await engine.list([`${LABELS.owner}=${parts.owner}`]);
  for (const record of rebuilt(views, sandboxes)) {
    parts.store.putSandbox(record);
    sandboxes.set(record.id, { record, pod: undefined, running: false });
    parts.record({ type: "daemon.state-rebuilt", sandbox: record.id, fields: { name: record.name, from: "engine" } });
  }
  for (const live of sandboxes.values()) {
    if (live.record.ready) {
      adopt(live, views);
      await takeOver(parts, live);
    } else {
      await endSandbox(parts, live);
      sandboxes.delete(live.record.id);
    }
  }
  await removeOrphans(parts, { engine, views, known: sandboxes });
  await parts.files.sweep(new Set(sandboxes.keys()));
}

function rebuilt(views: readonly ContainerView[], known: ReadonlyMap<string, LiveSandbox>): readonly SandboxRecord[] {
  const names = new Set([...known.values()].map(({ record }) => record.name));
  return views.flatMap((view) => {
    const label = view.labels[LABELS.record];
    if (label === undefined || known.has(view.labels[LABELS.sandbox] ?? "")) return [];
    const stated = parseJson(label);
    refuseNewerRecord(`The sandbox of the container "${view.name}"`, stated);
    const record = SandboxRecord.safeParse(stated).data;
    if (record === undefined || record.id !== view.labels[LABELS.sandbox] || names.has(record.name)) return [];
    names.add(record.name);
    const { homeless: _prepared, ...rest } = record;
    return [{ ...rest, workload: view.id, ready: true }];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The ids that the engine knows win over those that were remembered. */
function adopt(live: LiveSandbox, views: readonly ContainerView[]): void {
  const { gate: _gate, workload: _workload, ...rest } = live.record;
  const own = views.filter(({ labels }) => labels[LABELS.sandbox] === live.record.id);
  const [gate, workload] = [onlyOf(own, "gate"), onlyOf(own, "workload")];
  live.record = { ...rest, ...(gate === undefined ? {} : { gate: gate.id }), ...(workload === undefined ? {} : { workload: workload.id }) };
  live.running = workload?.state === "running";
}

/** Serve the network of what runs; put away what remains of what does not. */
async function takeOver(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  const { id, name } = live.record;
  parts.store.putSandbox(live.record);
  if (!live.running) {
    await stopContainers(parts, live);
    await releaseWorkspace(parts, live);
    return;
  }
  try {
    live.pod ??= await parts.pods.open({ id, name, hostname: containerName(live.record), directory: await parts.files.podDirectory(id), resume: true });
    await parts.docker.resume(live.record);
    await parts.ssh.resume(live.record);
    await parts.ports.resume(live.record);
  } catch (error) {
    // Without the daemon's end nothing gets out. The others are served all the same.
    parts.record({ type: "gate.cut-off", sandbox: id, fields: { reason: AppError.is(error) ? error.message : "the pod could not be opened" } });
  }
}

async function removeOrphans(
  parts: SandboxParts,
  { engine, views, known }: { readonly engine: Engine; readonly views: readonly ContainerView[]; readonly known: ReadonlyMap<string, unknown> },
): Promise<void> {
  const gates = (view: ContainerView): number => (view.labels[LABELS.role]?.endsWith("gate") === true ? 1 : 0);
  for (const view of views.filter(({ labels }) => !isOfServer(labels)).toSorted((one, other) => gates(one) - gates(other))) {
    const role = view.labels[LABELS.role];
    if (role !== "home" && role !== "hooks" && known.has(view.labels[LABELS.sandbox] ?? "")) continue;
    await engine.remove(view.id);
    parts.record({ type: "sandbox.orphan-removed", fields: { container: view.name, role: role ?? "" } });
  }
  for (const volume of await engine.listVolumes([`${LABELS.owner}=${parts.owner}`])) {
    if (isOfServer(volume.labels) || known.has(volume.labels[LABELS.sandbox] ?? "")) continue;
    await engine.removeVolume(volume.name);
    parts.record({ type: "sandbox.orphan-removed", fields: { volume: volume.name } });
  }
}
