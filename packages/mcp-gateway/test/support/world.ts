import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ServerEntry, type EnabledServer, type EventInit, type SandboxId, type ServerProfile } from "@sbx/contracts";
import { createGateway, GATEWAY_LIMITS, startHttpGateway, type Caller, type Gateway, type GatewayOptions, type HttpGateway, type StartServer } from "../../src/index.ts";
import { ScriptedServer, type Handle } from "./scripted-server.ts";

/** An entry of a catalog, run as nothing in particular. */
export function anEntry(name: string, more: Partial<ServerEntry> = {}): ServerEntry {
  return ServerEntry.parse({ name, description: `Server ${name}`, source: { kind: "image", image: `example/${name}@sha256:${"0".repeat(64)}` }, ...more });
}

/** A caller in a sandbox. */
export function aSandbox(letter = "a"): Caller {
  const sandbox = `sbx_${letter.repeat(8)}` as SandboxId;
  return { kind: "sandbox", sandbox, scope: sandbox };
}

export interface WorldOptions extends Partial<GatewayOptions> {
  /** Handlers of each server, by name; each start makes a new one. */
  readonly servers?: Readonly<Record<string, () => Record<string, Handle>>>;
  readonly entries?: readonly ServerEntry[];
  /** Names that every scope begins with. */
  readonly enabled?: readonly string[];
}

/** A gateway with all its ports in memory, and what went through them. */
export interface World extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly events: EventInit[];
  readonly faults: unknown[];
  /** Wait for an event, or give one that came before. */
  happened(type: EventInit["type"]): Promise<EventInit>;
  readonly starts: StartServer[];
  /** Every server that was started, by name, in order. */
  started(name: string): readonly ScriptedServer[];
  /** The newest server of a name, once it was started. */
  server(name: string): ScriptedServer;
  servers(caller: Caller): readonly EnabledServer[];
  /** Serve one caller, whose identity the connection stands for, as the wall does it. Gives the port. */
  serve(caller: Caller): Promise<number>;
  listen(options?: { readonly token?: string; readonly allowUnauthenticated?: boolean }): Promise<HttpGateway>;
}

export function aWorld({ servers = {}, entries, enabled = Object.keys(servers), ...overrides }: WorldOptions = {}): World {
  const catalog = new Map((entries ?? Object.keys(servers).map((name) => anEntry(name))).map((entry) => [entry.name, entry]));
  const events: EventInit[] = [];
  const faults: unknown[] = [];
  const waiting: { readonly type: EventInit["type"]; readonly done: (event: EventInit) => void }[] = [];
  const starts: StartServer[] = [];
  const running = new Map<string, ScriptedServer[]>();
  const scopes = new Map<string, readonly EnabledServer[]>();
  const profiles = new Map<string, ServerProfile>();
  const listeners: HttpGateway[] = [];
  const serversOf = (caller: Caller): readonly EnabledServer[] => scopes.get(`${caller.kind}:${caller.scope}`) ?? enabled.map((name) => ({ name, config: {} }));
  const gateway = createGateway({
    catalog: {
      find: (name) => catalog.get(name),
      search: (query) => [...catalog.values()].filter((entry) => JSON.stringify(entry).toLowerCase().includes(query.toLowerCase())).map((entry) => ({ entry })),
      configProblems: () => [],
    },
    policy: { judge: () => ({ effect: "allow" }), agree: () => undefined, missingSecrets: async () => await Promise.resolve([]) },
    state: {
      servers: serversOf,
      put: (caller, list) => void scopes.set(`${caller.kind}:${caller.scope}`, list),
      forget: (caller) => void scopes.delete(`${caller.kind}:${caller.scope}`),
      profile: (id) => profiles.get(id),
      putProfile: (profile) => void profiles.set(profile.id, profile),
    },
    runner: {
      start: async (request) => {
        const handlers = servers[request.entry.name];
        if (handlers === undefined) throw new Error(`no server ${request.entry.name}`);
        starts.push(request);
        const server = new ScriptedServer(handlers());
        running.set(request.entry.name, [...(running.get(request.entry.name) ?? []), server]);
        return await Promise.resolve(server.running);
      },
    },
    remote: { connect: async () => await Promise.reject(new Error("no remote servers here")) },
    record: (event) => {
      events.push(event);
      for (const { type, done } of waiting) if (type === event.type) done(event);
    },
    onFault: (error) => void faults.push(error),
    ...overrides,
    limits: { ...GATEWAY_LIMITS, coalesceMs: 5, ...overrides.limits },
  });
  return {
    gateway,
    events,
    faults,
    happened: async (type) => {
      const before = events.find((event) => event.type === type);
      if (before !== undefined) return before;
      const found = Promise.withResolvers<EventInit>();
      waiting.push({ type, done: found.resolve });
      return await found.promise;
    },
    starts,
    started: (name) => running.get(name) ?? [],
    server: (name) => {
      const server = running.get(name)?.at(-1);
      if (server === undefined) throw new Error(`server ${name} was never started`);
      return server;
    },
    servers: serversOf,
    serve: async (caller) => {
      const server = createServer((request, response) => {
        void gateway.handle(request, response, caller);
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      listeners.push({
        url: "",
        port: 0,
        [Symbol.asyncDispose]: async () => {
          const closed = once(server, "close");
          server.close();
          server.closeAllConnections();
          await closed;
        },
      });
      return (server.address() as AddressInfo).port;
    },
    listen: async ({ token, allowUnauthenticated = token === undefined } = {}) => {
      const listener = await startHttpGateway({ gateway, host: "127.0.0.1", port: 0, token: () => token, allowUnauthenticated });
      listeners.push(listener);
      return listener;
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      for (const listener of listeners) await listener[Symbol.asyncDispose]();
    },
  };
}
