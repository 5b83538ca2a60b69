import type { ContainerView, Engine } from "../ports/engine.ts";
import { LABELS } from "./labels.ts";
import { SandboxRecord } from "./sandbox-record.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";

export interface Reconciled {
  readonly sandboxes: readonly LiveSandbox[];
  /** Sandboxes that were begun and never finished, for the caller to remove. */
  readonly unfinished: readonly LiveSandbox[];
}

/**
 * Bring the daemon's memory and the engine together after a start.
 *
 * Running workloads are taken over as they are: their gates hand the listeners over again. A sandbox that is in the
 * engine alone is rebuilt from its label; a container that belongs to nobody is removed.
 */
export async function reconcile(parts: SandboxParts): Promise<Reconciled> {
  const engine = await parts.engine();
  const views = await engine.list([`${LABELS.owner}=${parts.owner}`]);
  const records = new Map(parts.store.sandboxes().map((record) => [record.id as string, record]));
  for (const record of rebuilt(views, records)) {
    parts.store.putSandbox(record);
    records.set(record.id, record);
    parts.record({ type: "daemon.state-rebuilt", sandbox: record.id, fields: { name: record.name, from: "engine" } });
  }
  const sandboxes: LiveSandbox[] = [];
  const unfinished: LiveSandbox[] = [];
  for (const record of records.values()) {
    const live = adopt(record, views);
    await takeOver(parts, live);
    (record.ready ? sandboxes : unfinished).push(live);
  }
  await removeOrphans(parts, { engine, views, known: records });
  return { sandboxes, unfinished };
}

function rebuilt(views: readonly ContainerView[], known: ReadonlyMap<string, SandboxRecord>): readonly SandboxRecord[] {
  return views.flatMap((view) => {
    const label = view.labels[LABELS.record];
    if (label === undefined || known.has(view.labels[LABELS.sandbox] ?? "")) return [];
    const record = SandboxRecord.safeParse(parseJson(label)).data;
    return record === undefined ? [] : [{ ...record, workload: view.id, ready: true }];
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
function adopt(record: SandboxRecord, views: readonly ContainerView[]): LiveSandbox {
  const of = (role: string): ContainerView | undefined => views.find((view) => view.labels[LABELS.sandbox] === record.id && view.labels[LABELS.role] === role);
  const { gate: _gate, workload: _workload, ...rest } = record;
  const gate = of("gate");
  const workload = of("workload");
  return { record: { ...rest, ...(gate === undefined ? {} : { gate: gate.id }), ...(workload === undefined ? {} : { workload: workload.id }) }, pod: undefined, running: workload?.state === "running" };
}

async function takeOver(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  parts.store.putSandbox(live.record);
  if (!live.running) return;
  const directory = await parts.files.podDirectory(live.record.id);
  live.pod = await parts.pods.open({ id: live.record.id, hostname: live.record.name, directory, resume: true });
}

async function removeOrphans(parts: SandboxParts, { engine, views, known }: { readonly engine: Engine; readonly views: readonly ContainerView[]; readonly known: ReadonlyMap<string, unknown> }): Promise<void> {
  for (const view of views) {
    const role = view.labels[LABELS.role];
    if (role !== "home" && known.has(view.labels[LABELS.sandbox] ?? "")) continue;
    await engine.remove(view.id);
    parts.record({ type: "sandbox.orphan-removed", fields: { container: view.name, role: role ?? "" } });
  }
  for (const volume of await engine.listVolumes([`${LABELS.owner}=${parts.owner}`])) {
    if (known.has(volume.labels[LABELS.sandbox] ?? "")) continue;
    await engine.removeVolume(volume.name);
    parts.record({ type: "sandbox.orphan-removed", fields: { volume: volume.name } });
  }
}

