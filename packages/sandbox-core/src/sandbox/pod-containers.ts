import { createHash } from "node:crypto";
import type { SandboxId } from "@sbx/contracts";
import type { ContainerView, Engine, EngineId, Mount } from "../ports/engine.ts";
import type { PreparedWorkspace } from "../ports/host.ts";
import { isOfAgent, LABELS, type Role } from "./labels.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import { waitForAll } from "./wait-for-all.ts";

/** Everything that the engine has of one sandbox, its agent's own containers too, whatever was remembered of it. */
export async function containersOf({ owner }: Pick<SandboxParts, "owner">, engine: Engine, id: SandboxId): Promise<readonly ContainerView[]> {
  return engine.list([`${LABELS.owner}=${owner}`, `${LABELS.sandbox}=${id}`]);
}

/** The one container of a role; `undefined` when there is none, or more than one and so none to rely on. */
export function onlyOf(views: readonly ContainerView[], role: Role): ContainerView | undefined {
  const [one, ...others] = views.filter(({ labels }) => labels[LABELS.role] === role);
  return others.length === 0 ? one : undefined;
}

/**
 * Remove containers. `meanwhile` is called when nothing but gates is left, and waited for.
 *
 * Podman removes none in whose network another one lives: there its gates end meanwhile, which is most of their removal.
 */
export async function removeContainers(engine: Engine, views: readonly ContainerView[], meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  const isGate = ({ labels }: ContainerView): boolean => labels[LABELS.role]?.endsWith("gate") === true;
  const gates = views.filter(isGate);
  const removeGates = (): Promise<unknown> => waitForAll(gates.map(({ id }) => engine.remove(id)));
  const removeOthers = (): Promise<unknown> => waitForAll(views.filter((one) => !isGate(one)).map(({ id }) => engine.remove(id)));
  if (engine.info.name !== "Podman") {
    await waitForAll([removeGates(), removeOthers().then(meanwhile)]);
    return;
  }
  // One that cannot be ended so is ended by its removal, or tells why not.
  const ending = Promise.allSettled(gates.filter(({ state }) => state === "running").map(({ id }) => engine.stop(id, 0)));
  await removeOthers();
  await waitForAll([ending.then(removeGates), meanwhile()]);
}

/** What decides about a workload's container beside what never changes: another one of these needs another container. */
export interface WorkloadBasis {
  readonly record: SandboxRecord;
  readonly gateImage: EngineId;
  readonly holdProgram: string;
  readonly standIn: string;
  readonly profileEnv: Readonly<Record<string, string>>;
  readonly prepared: PreparedWorkspace;
  readonly socket: readonly Mount[];
}

export function fingerprintOf({ record, gateImage, holdProgram, standIn, profileEnv, prepared, socket }: WorkloadBasis): string {
  const { user, image, homeDirectory, request } = record;
  const basis = { user, image, homeDirectory, limits: request.limits, gateImage, holdProgram, standIn, profileEnv, mounts: [...prepared.mounts, ...socket] };
  return createHash("sha256").update(JSON.stringify(basis)).digest("hex");
}

/** Files that are written when a workload's container is made, and mounted into it at each start. */
export const WORKLOAD_FILES = { passwd: "passwd", group: "group", hosts: "hosts", resolver: "resolv.conf", prompt: "debian_chroot" } as const;

/**
 * The gate and workload of an earlier run, stopped, when they are both there and still what would be made now, with the
 * files that are mounted into them. Otherwise they are removed: a workload lives in its gate's network and in no other.
 */
export async function reusableContainers(
  parts: Pick<SandboxParts, "owner" | "files">,
  engine: Engine,
  basis: WorkloadBasis,
): Promise<{ readonly gate: EngineId; readonly workload: EngineId } | undefined> {
  const views = await containersOf(parts, engine, basis.record.id);
  const [gate, workload] = [onlyOf(views, "gate"), onlyOf(views, "workload")];
  const isWhole = async (): Promise<boolean> => await parts.files.has(basis.record.id, Object.values(WORKLOAD_FILES));
  if (gate !== undefined && workload !== undefined && workload.labels[LABELS.basis] === fingerprintOf(basis) && (await isWhole())) {
    for (const { id, state } of [workload, gate]) if (state === "running") await engine.stop(id, 0);
    return { gate: gate.id, workload: workload.id };
  }
  await removePod(engine, views);
  return undefined;
}

/** Of what the engine has of a sandbox, remove gate and workload. What the agent has in its containers does not depend on them, and stays. */
export async function removePod(engine: Engine, views: readonly ContainerView[]): Promise<void> {
  await removeContainers(
    engine,
    views.filter((view) => !isOfAgent(view.labels)),
  );
}
