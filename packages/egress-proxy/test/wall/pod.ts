import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { SandboxId, type PodEventInit, type PodId, type Rule } from "@sbx/contracts";
import { compilePolicy } from "@sbx/egress-policy";
import { createWall, type ModelBinding, type PodConnection, type Wall, type WallOptions } from "../../src/index.ts";

export const SANDBOX = SandboxId.parse("sbx_test0001");

/** Sockets that ended by a reset. */
const broken = new WeakSet<Socket>();

export interface PodOptions extends Partial<Omit<WallOptions, "record" | "modelOf">> {
  readonly rules?: readonly string[];
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  readonly models?: readonly ModelBinding[];
  /** Where what is dialled on a port really listens: a test cannot listen on 80 and 443. */
  readonly listeners?: Readonly<Record<number, number>>;
}

/** A wall with a stand-in for a pod: connections come over loopback, and each test says what they dialled. */
export interface TestPod extends AsyncDisposable {
  readonly wall: Wall;
  readonly events: PodEventInit[];
  /** Faults that the wall logged: none, or the test fails by looking at it. */
  readonly faults: unknown[];
  setRules(rules: readonly string[]): void;
  /** Open a connection as a process in the pod would. */
  dial(to: PodConnection["to"] | string, port: number, pod?: PodId): Promise<Socket>;
  /** Port of a listener behind which every connection has dialled this, for clients that need a port. */
  portFor(to: string, port: number, pod?: PodId): Promise<number>;
  /** Resolves when no connection is being served. */
  idle(): Promise<void>;
  readonly abort: AbortController;
}

/** `deny X` denies, everything else allows. */
function rulesOf(texts: readonly string[]): Rule[] {
  return texts.map((text, index) => ({ id: `r${index}`, effect: text.startsWith("deny ") ? "deny" : "allow", to: text.replace(/^deny /, ""), layer: "user" }));
}

export function startPod({ rules = [], addresses = {}, models = [], listeners = {}, ...options }: PodOptions = {}): TestPod {
  const events: PodEventInit[] = [];
  const faults: unknown[] = [];
  const abort = new AbortController();
  const running = new Set<Promise<void>>();
  const servers: Server[] = [];
  let policy = compilePolicy(rulesOf(rules));
  const wall = createWall({
    policyOf: () => policy,
    modelOf: (sandbox) => (sandbox === SANDBOX ? models : []),
    record: (event) => events.push(event),
    log: (_, error) => faults.push(error),
    resolve: (name) => {
      const found = addresses[name];
      return found === undefined ? Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" })) : Promise.resolve(found);
    },
    connect: (target) => connect({ ...target, port: listeners[target.port] ?? target.port }),
    hostAddresses: () => ["203.0.113.9"],
    ...options,
  });
  const portFor = async (to: PodConnection["to"] | string, port: number, pod: PodId = SANDBOX): Promise<number> => {
    const target = typeof to === "string" ? { kind: "name" as const, name: to } : to;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      const work = wall.serve({ pod, socket, to: target, port }, abort.signal);
      running.add(work);
      void work.finally(() => running.delete(work));
    });
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  return {
    wall,
    events,
    faults,
    abort,
    setRules(texts) {
      policy = compilePolicy(rulesOf(texts));
    },
    async dial(to, port, pod) {
      const socket = connect({ host: "127.0.0.1", port: await portFor(to, port, pod), allowHalfOpen: true });
      socket.on("error", () => {
        broken.add(socket);
      });
      return socket;
    },
    portFor,
    async idle() {
      await Promise.all(running);
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      for (const server of servers) server.close();
      await Promise.all(running);
      await wall[Symbol.asyncDispose]();
    },
  };
}

/** A listener on loopback that remembers everything that reached it. */
export interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly connections: Socket[];
  /** All bytes received so far, of all connections. */
  received(): string;
}

export async function startUpstream(onConnection: (socket: Socket) => void = () => {}): Promise<Upstream> {
  const connections: Socket[] = [];
  const chunks: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.push(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => chunks.push(chunk));
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    received: () => Buffer.concat(chunks).toString("latin1"),
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Everything a socket says until it ends; `reset` when it broke instead. */
export async function readAll(socket: Socket): Promise<{ readonly text: string; readonly reset: boolean }> {
  const chunks: Buffer[] = [];
  socket.on("error", () => {
    broken.add(socket);
  });
  socket.on("data", (chunk) => chunks.push(chunk));
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("end", resolve);
  socket.once("close", () => {
    resolve();
  });
  if (!socket.destroyed && !socket.readableEnded) await promise;
  const done = { text: Buffer.concat(chunks).toString("latin1"), reset: broken.has(socket) };
  socket.destroy();
  return done;
}
