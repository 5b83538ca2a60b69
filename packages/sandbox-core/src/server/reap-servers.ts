import type { Engine } from "../ports/engine.ts";
import { isOfServer, LABELS } from "../sandbox/labels.ts";
import type { ServerParts } from "./server-parts.ts";

/**
 * Take away what servers of an earlier daemon left: all their pods, since nobody holds the other end of their streams any
 * more, and the volumes of sandboxes that are gone. They are started again when they are used.
 *
 * `known` are the sandboxes that there are. Repeatable; called before any server is started.
 *
 * @throws AppError `ENGINE_UNREACHABLE`, `ENGINE_FAILED`
 */
export async function reapServers(parts: Pick<ServerParts, "engine" | "owner" | "files" | "record">, known: ReadonlySet<string>): Promise<void> {
  const engine = await parts.engine();
  const views = (await engine.list([`${LABELS.owner}=${parts.owner}`])).filter(({ labels }) => isOfServer(labels));
  // Those that live in another's network first.
  const rank = ({ labels }: (typeof views)[number]): number => (labels[LABELS.role] === "server-gate" ? 1 : 0);
  for (const view of views.toSorted((one, other) => rank(one) - rank(other))) {
    await engine.remove(view.id);
    parts.record({ type: "sandbox.orphan-removed", fields: { container: view.name, role: view.labels[LABELS.role] ?? "", server: view.labels[LABELS.server] ?? "" } });
  }
  for (const { name, labels } of await engine.listVolumes([`${LABELS.owner}=${parts.owner}`, `${LABELS.role}=server-data`])) {
    const serves = labels[LABELS.serves] ?? "";
    if (serves !== "host" && !known.has(serves)) await engine.removeVolume(name);
  }
  await parts.files.sweep();
}

/** Remove the volumes that carry each of these labels. */
export async function removeVolumes(engine: Engine, labels: readonly string[]): Promise<void> {
  for (const { name } of await engine.listVolumes(labels)) await engine.removeVolume(name);
}
