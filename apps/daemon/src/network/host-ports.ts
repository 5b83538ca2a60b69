import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { AppError, type DaemonBeside, PublishedPortView, type PublishPort, type RecordEvent, type SandboxId } from "@sbx/contracts";
import type { PortPublisher, SandboxRecord } from "@sbx/core";
import { joinWithin, type Pod } from "@sbx/egress-proxy";
import * as z from "zod";
import { placeFile } from "../sandboxes/place-file.ts";
import { PUBLISHED_CONNECTIONS } from "./published-ports.ts";

/** Most ports that one sandbox may have. */
const MAX_PORTS = 64;
/** Without a byte in either direction; a connection of a pool is silent for long. */
const IDLE_MS = 2 * 60 * 60 * 1000;

export interface HostPortParts {
  readonly stateDirectory: string;
  /** Of a daemon whose loopback is that of the engine's machine, where nobody looks for the ports. */
  readonly beside?: Pick<DaemonBeside, "engine"> | undefined;
  /** @throws AppError `POD_FAILED` for a pod that is not open */
  readonly podOf: (id: SandboxId) => Pod;
  readonly record: RecordEvent;
}

interface OpenPort {
  readonly view: PublishedPortView;
  readonly server: Server;
  readonly ended: AbortController;
}

/**
 * Listens at this machine's loopback for ports of sandboxes. What connects is joined to a socket that the pod's gate dials
 * at the pod's own loopback. Disposing takes all of them back, and notes them for the next daemon.
 */
export class HostPorts implements PortPublisher, AsyncDisposable {
  readonly #parts: HostPortParts;
  readonly #open = new Map<SandboxId, OpenPort[]>();
  readonly #connections = new Map<SandboxId, number>();

  constructor(parts: HostPortParts) {
    this.#parts = parts;
  }

  list(id: SandboxId): readonly PublishedPortView[] {
    return this.#of(id).map(({ view }) => view);
  }

  async open(record: SandboxRecord, ports: readonly PublishPort[]): Promise<void> {
    const has = (wanted: PublishPort): boolean =>
      this.list(record.id).some(({ hostIp, hostPort, port }) => hostIp === wanted.hostIp && port === wanted.port && (wanted.hostPort === 0 || wanted.hostPort === hostPort));
    for (const wanted of ports) if (!has(wanted)) await this.publish(record, wanted);
  }

  /** @throws AppError `PORT_TAKEN`, `SANDBOX_BUSY` for too many */
  async publish({ id, name }: Pick<SandboxRecord, "id" | "name">, wanted: PublishPort): Promise<PublishedPortView> {
    if (this.#of(id).length >= MAX_PORTS)
      throw new AppError("SANDBOX_BUSY", { message: `${name} has ${MAX_PORTS} published ports already`, fix: `Take one back with: sbx ports ${name} --unpublish PORT` });
    const { beside } = this.#parts;
    if (beside !== undefined)
      throw new AppError("ENGINE_ELSEWHERE", {
        message: `The container engine at ${beside.engine} is not on this machine, and ports of sandboxes are published on its own`,
        fix: `Use the port from inside: sbx exec ${name} -- curl localhost:PORT`,
      });
    const ended = new AbortController();
    const server = createServer((client) => {
      client.on("error", () => undefined);
      const count = this.#connections.get(id) ?? 0;
      const isFull = count >= PUBLISHED_CONNECTIONS;
      if (!isFull) {
        this.#connections.set(id, count + 1);
        client.once("close", () => this.#connections.set(id, (this.#connections.get(id) ?? 1) - 1));
      }
      void joinWithin(client, isFull ? "nobody" : async (signal) => this.#parts.podOf(id).dial(wanted.port, signal), { idleMs: IDLE_MS, signal: ended.signal });
    });
    const view = { hostIp: wanted.hostIp, hostPort: await listen(server, wanted), port: wanted.port };
    this.#open.set(id, [...this.#of(id), { view, server, ended }]);
    await this.#note(id);
    this.#parts.record({ type: "port.published", sandbox: id, fields: { ...view } });
    return view;
  }

  /** @throws AppError `PORT_UNKNOWN` */
  async unpublish({ id, name }: Pick<SandboxRecord, "id" | "name">, { hostIp, hostPort }: Pick<PublishedPortView, "hostIp" | "hostPort">): Promise<void> {
    const found = this.#of(id).find(({ view }) => view.hostIp === hostIp && view.hostPort === hostPort);
    if (found === undefined) throw new AppError("PORT_UNKNOWN", { message: `${name} has no port published at ${hostIp}:${hostPort}`, fix: `See what is published with: sbx ports ${name}` });
    this.#open.set(
      id,
      this.#of(id).filter((one) => one !== found),
    );
    await end(found);
    await this.#note(id);
    this.#parts.record({ type: "port.unpublished", sandbox: id, fields: { ...found.view } });
  }

  async resume(record: SandboxRecord): Promise<void> {
    for (const view of await this.#noted(record.id)) {
      await this.publish(record, view).catch((error: unknown) => {
        this.#parts.record({ type: "port.unpublished", sandbox: record.id, fields: { ...view, reason: AppError.is(error) ? error.message : "it could not be opened again" } });
      });
    }
  }

  async close(id: SandboxId): Promise<void> {
    await this.#end(id);
    await rm(this.#file(id), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.keys()].map((id) => this.#end(id)));
  }

  async #end(id: SandboxId): Promise<void> {
    const open = this.#of(id);
    this.#open.delete(id);
    await Promise.all(open.map(end));
  }

  #of(id: SandboxId): readonly OpenPort[] {
    return this.#open.get(id) ?? [];
  }

  #file(id: SandboxId): string {
    return path.join(this.#parts.stateDirectory, "sandboxes", id, "ports.json");
  }

  async #note(id: SandboxId): Promise<void> {
    await placeFile(this.#file(id), JSON.stringify(this.list(id)), 0o600);
  }

  async #noted(id: SandboxId): Promise<readonly PublishedPortView[]> {
    const text = await readFile(this.#file(id), "utf8").catch(() => "[]");
    try {
      return z.array(PublishedPortView).max(MAX_PORTS).parse(JSON.parse(text));
    } catch {
      return [];
    }
  }
}

async function listen(server: Server, { hostIp, hostPort }: PublishPort): Promise<number> {
  try {
    server.listen({ host: hostIp, port: hostPort, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code === "EADDRINUSE" ? "is in use" : code === "EACCES" ? "needs rights that the daemon has not" : `cannot be opened (${code})`;
    throw new AppError("PORT_TAKEN", { message: `Port ${hostPort} of ${hostIp} ${why}`, fix: "Name another one, or none for any that is free: --publish PORT", cause: error });
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has an address");
  return address.port;
}

async function end({ server, ended }: OpenPort): Promise<void> {
  ended.abort(new Error("the port is published no longer"));
  const closed = once(server, "close");
  server.close();
  await closed;
}
