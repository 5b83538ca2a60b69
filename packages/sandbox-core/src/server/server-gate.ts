import type { ServerPodId } from "@sbx/contracts";
import { gateContainer } from "../pod/gate-container.ts";
import type { Engine, EngineId } from "../ports/engine.ts";
import type { PodLink } from "../ports/host.ts";
import type { ServerParts } from "./server-parts.ts";

/** How long a gate may take to hand over its listeners. */
export const GATE_TIMEOUT_MS = 20_000;
/** Name by which a server's container knows itself. */
export const HOSTNAME = "server";

/** A gate's container, made and perhaps not started, and the daemon's end of it. */
export interface ServerGate<Link extends PodLink> {
  readonly container: EngineId;
  readonly link: Link;
}

interface CreateGate<Link extends PodLink> {
  readonly id: ServerPodId;
  readonly engine: Engine;
  readonly image: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  readonly open: (place: { readonly id: ServerPodId; readonly hostname: string; readonly directory: string }) => Promise<Link>;
  readonly signal: AbortSignal;
  /** Receives everything that is to be taken back. */
  readonly scope: AsyncDisposableStack;
}

/** Open the daemon's end of a server's network and make its gate's container, which does not run yet. */
export async function createGate<Link extends PodLink>({ files }: Pick<ServerParts, "files">, { id, engine, image, labels, open, signal, scope }: CreateGate<Link>): Promise<ServerGate<Link>> {
  const made: { gate?: EngineId } = {};
  // The daemon's end goes before its gate, so that the gate's end is not taken for a fault.
  scope.defer(async () => {
    if (made.gate !== undefined) await engine.remove(made.gate);
  });
  const link = scope.use(await open({ id, hostname: HOSTNAME, directory: await files.podDirectory(id) }));
  const container = await engine.create(gateContainer({ name: `sbx-mcp-gate-${id.slice(4)}`, image, labels, hostname: HOSTNAME, socketDirectory: link.socketDirectory }), signal);
  made.gate = container;
  return { container, link };
}
