import { rm } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { LABELS, type Engine } from "@sbx/core";
import { forEachDeadGuard, type GuardNote } from "./guard-notes.ts";

/** Where notes of guards without a sandbox are, below a state directory. */
export function guardNotesDirectory(stateDirectory: string): string {
  return path.join(stateDirectory, "guards");
}

/** The label of everything of such a guard's. */
export function guardOwner({ sandbox }: Pick<GuardNote, "sandbox">): string {
  return `guard:${sandbox}`;
}

/** Path of the socket of an engine on this machine. @throws AppError `PLATFORM_UNSUPPORTED` */
export function guardEngineSocket(endpoint: string): string {
  const socket = /^unix:\/\/(\/.+)$/.exec(endpoint)?.[1];
  if (socket !== undefined) return socket;
  throw new AppError("PLATFORM_UNSUPPORTED", { message: "A Docker API needs an engine on this machine", fix: "Set DOCKER_HOST to a socket of this machine." });
}

/** Take away everything that a guard made, in the engine and of its files. */
export async function removeGuard(engine: Engine, note: GuardNote, onFault: (error: unknown) => void): Promise<void> {
  const { sandbox, key, directory } = note;
  const labels = [`${LABELS.owner}=${guardOwner(note)}`, `${LABELS.sandbox}=${sandbox}`];
  for (const role of ["child", "child-build", "child-gate"]) for (const { id } of await engine.list([...labels, `${LABELS.role}=${role}`])) await engine.remove(id);
  const { connectGuardEngine, removeSandboxImages } = await import("@sbx/docker-guard");
  await removeSandboxImages({ engine: await connectGuardEngine(guardEngineSocket(engine.info.endpoint)), sandbox, key: Buffer.from(key, "hex"), onFault });
  for (const { name } of await engine.listVolumes(labels)) await engine.removeVolume(name);
  await rm(directory, { recursive: true, force: true });
}

/** Take away what guards left that were killed. Never rejects: what cannot be removed now is told, and tried at the next start. */
export async function removeDeadGuards({ stateDirectory, engine, onFault }: { readonly stateDirectory: string; readonly engine: Engine; readonly onFault: (error: unknown) => void }): Promise<void> {
  try {
    await forEachDeadGuard(guardNotesDirectory(stateDirectory), { endpoint: engine.info.endpoint, remove: (note) => removeGuard(engine, note, onFault) });
  } catch (error) {
    onFault(error);
  }
}
