import { createInterceptors, parseInterceptor, startHttpGateway, type Gateway, type GatewayOptions, type GatewayState } from "@sbx/mcp-gateway";
import type { RecordEvent, ServerEntry, ServerInstance } from "@sbx/contracts";
import type { Preparation } from "../running/server-preparations.ts";
import { createRunState } from "../store/run-state.ts";
import type { ClientOptions, GatewayPort, ListenOptions } from "./gateway-port.ts";
import { tokenText } from "./host-token.ts";
import { toolsOffered } from "./tool-patterns.ts";

/** What a gateway has for itself that serves the clients of one command; `chosen` are the servers that its person named. */
export type OwnParts = Required<Pick<GatewayOptions, "state" | "management" | "offers" | "interceptors" | "record">> & {
  readonly chosen: ClientOptions["base"];
  readonly limits?: NonNullable<GatewayOptions["limits"]>;
};

export interface GatewayPortParts {
  /** Make a gateway over the parts that all share: catalog, policy, runner, remote servers, lists. */
  readonly make: (own: OwnParts) => Gateway;
  /** The gateway of the sandboxes, which lives as long as the daemon. */
  readonly ofSandboxes: Gateway;
  readonly state: Pick<GatewayState, "profile" | "putProfile">;
  readonly record: RecordEvent;
  readonly find: (server: string) => ServerEntry | undefined;
  /** What a server that has ended wrote last. */
  readonly lastLog: (server: string) => string;
  readonly prepare: GatewayPort["prepare"];
  /** What is being brought now. */
  readonly preparing: () => readonly Preparation[];
  /** The whole environment of a person's interceptors. */
  readonly env: Readonly<Record<string, string>>;
}

/** The gateway for commands of a person: each gets one of its own over what all share, and takes it down when it ends. */
export function createGatewayPort({ make, ofSandboxes, state, record, find, lastLog, prepare, preparing, env }: GatewayPortParts): GatewayPort {
  const live = new Set<Gateway>([ofSandboxes]);
  const open = (options: ClientOptions): Gateway => {
    const gateway = make({
      state: createRunState(state, options.base),
      chosen: options.base,
      management: options.management,
      ...(options.listWaitMs === undefined ? {} : { limits: { listWaitMs: options.listWaitMs } }),
      record: (event) => {
        record(event);
        if (event.type === "server.failed") options.failed(String(event.fields["server"]), String(event.fields["reason"]));
      },
      offers: toolsOffered(options.tools, find),
      interceptors: createInterceptors({
        custom: options.interceptors.map(parseInterceptor),
        blockSecrets: options.blockSecrets,
        env,
        ...(options.logCalls ? { logCalls: (note) => options.log(`  - Calling tool ${note.tool} of ${note.server} with ${note.arguments}: ${note.outcome} after ${note.durationMs} ms`) } : {}),
      }),
    });
    live.add(gateway);
    return gateway;
  };
  const close = async (gateway: Gateway): Promise<void> => {
    live.delete(gateway);
    await gateway[Symbol.asyncDispose]();
  };
  return {
    async serveLines(stream, { caller, ...options }, signal) {
      const gateway = open(options);
      try {
        await gateway.serveDuplex(stream, caller, signal);
      } finally {
        await close(gateway);
      }
    },
    listen: async (options) => await listen(options, open(options), close),
    instances() {
      const all = [...live].flatMap((gateway) => gateway.instances().map(viewOf));
      const known = new Set(all.map(({ server }) => server));
      return [...all, ...preparing().flatMap((one) => (known.has(one.server) ? [] : [preparationView(one)]))];
    },
    prepare,
    refresh: async () => void (await Promise.all([...live].map(async (gateway) => await gateway.refresh()))),
    logs(server) {
      const text = [...live].map((gateway) => gateway.logs(server)).join("");
      return text === "" ? lastLog(server) : text;
    },
    async restart(server) {
      const ended = await Promise.all([...live].map(async (gateway) => await gateway.restart(server)));
      return ended.reduce((sum, one) => sum + one, 0);
    },
  };
}

function viewOf({ server, caller, startedAt, calls, step }: ReturnType<Gateway["instances"]>[number]): ServerInstance {
  return {
    server,
    ...(caller.kind === "sandbox" ? { sandbox: caller.sandbox } : {}),
    scope: caller.kind === "sandbox" ? caller.scope : "this machine",
    startedAt: new Date(startedAt).toISOString(),
    calls,
    ...(step === undefined ? {} : { step: step === "" ? "starting" : step }),
  };
}

function preparationView({ server, since, step }: Preparation): ServerInstance {
  return { server, scope: "this machine", startedAt: new Date(since).toISOString(), calls: 0, step };
}

async function listen({ port, token }: ListenOptions, gateway: Gateway, close: (gateway: Gateway) => Promise<void>): Promise<{ readonly port: number } & AsyncDisposable> {
  try {
    const http = await startHttpGateway({ gateway, host: "127.0.0.1", port, token: () => (token === undefined ? undefined : tokenText(token)), allowUnauthenticated: token === undefined });
    return {
      port: http.port,
      async [Symbol.asyncDispose]() {
        await http[Symbol.asyncDispose]();
        await close(gateway);
      },
    };
  } catch (error) {
    await close(gateway);
    throw error;
  }
}
