import { createServer, Socket, type Server } from "node:net";
import { once } from "node:events";
import { POD_TCP_PORT, type Delivery, type NetworkState, type RecordPodEvent, type PodId } from "@sbx/contracts";
import { closeDescriptor } from "@sbx/syscalls";
import { acceptDeliveries } from "./accept-deliveries.ts";
import { checkHello, checkInit, DescriptorRefused, type HelloSockets } from "./check-descriptors.ts";
import type { ConnectionBudget } from "./connection-budget.ts";
import { startDnsListeners } from "./dns-listeners.ts";
import { createResolver } from "./dns-resolver.ts";
import { Episode } from "./episode.ts";
import { GateLink, podFailed } from "./gate-link.ts";
import type { NameTable } from "./name-table.ts";
import { makePodDirectory, readNamespace, writeNamespace, type PodDirectory } from "./pod-directory.ts";
import type { ServeConnection } from "./pod-connection.ts";
import type { PodLimits } from "./pod-limits.ts";
import { RefusedNames } from "./refused-names.ts";
import { TokenBucket } from "./token-bucket.ts";
import { startTraffic } from "./traffic.ts";

/** A gate tries again at least once a second; one that is silent for so long is not there. */
const RESUME_TIMEOUT_MS = 10_000;
/** Of what happens all the time one event is enough. */
const QUIET_MS = 10_000;

/** The network of one pod, as long as this object lives. Disposing closes every connection and opens nothing. */
export interface Pod extends AsyncDisposable {
  state(): NetworkState;
  /** Resolves when a gate has handed over its listeners. Rejects with `POD_FAILED` when none can any more. */
  ready(signal: AbortSignal): Promise<void>;
  /** Connect to 127.0.0.1:port in the pod. @throws AppError `POD_FAILED` */
  dial(port: number, signal: AbortSignal): Promise<Socket>;
  /** Listen on 127.0.0.1:port in the pod. Connections come paused; after a restart of the daemon it must be asked again. @throws AppError `POD_FAILED` */
  listen(port: number, signal?: AbortSignal): Promise<Server>;
}

/** Which pod to open, in which directory, and who is asked about its names and serves its connections. */
export interface OpenPod {
  readonly pod: PodId;
  /** The pod's own directory; made if missing, never replaced while a gate holds it. */
  readonly directory: string;
  /** The pod's own host name, which is 127.0.0.1 inside. */
  readonly hostname: string;
  /** Whether some rule may allow the name on some port; asked for every query, so that policy is live. */
  readonly mayAllow: (name: string) => boolean;
  /** The address of a name that means something in this pod alone, before any rule is asked. */
  readonly local?: ((name: string) => string | undefined) | undefined;
  readonly serve: ServeConnection;
  /** Told of every question for a name that no rule can allow: its connections are refused by the kernel, unseen. */
  readonly onRefused?: (name: string) => void;
  /** Given the connection of the workload's pid 1, a descriptor that is the callee's from then on; absent where there is none to speak with. */
  readonly onInit?: ((connection: number) => void) | undefined;
  readonly limits?: Partial<PodLimits>;
  /** True when a gate should be there already: the daemon came back. Then only that gate is accepted, and silence is `cut-off`. */
  readonly resume?: boolean;
}

/** What pods of one daemon share. */
export interface PodSurroundings {
  readonly record: RecordPodEvent;
  readonly budget: ConnectionBudget;
  /** Network namespaces that no further pod may come from: the host's, and those of the other pods. */
  readonly namespaces: Set<bigint>;
}

interface PodParts extends Omit<OpenPod, "limits"> {
  readonly limits: PodLimits;
  /** `undefined`: the addresses that are out there are not known any more. */
  readonly names: NameTable | undefined;
}

export class GatedPod implements Pod {
  readonly #parts: PodParts;
  readonly #around: PodSurroundings;
  readonly #directory: PodDirectory;
  readonly #serving = new DisposableStack();
  readonly #refusals = new Episode(QUIET_MS);
  readonly #waiting = Promise.withResolvers<void>();
  #state: NetworkState = "waiting";
  #link: GateLink | undefined;
  #sockets: HelloSockets | undefined;
  #earlyInit: number | undefined;
  /** When the namespace is on disk: before that a daemon that dies would not know its gate again. */
  #noted: Promise<void> = Promise.resolve();
  /** The namespace of the gate that this pod had before the daemon came back. */
  #expected: bigint | undefined;

  private constructor(parts: PodParts, around: PodSurroundings, directory: PodDirectory) {
    this.#parts = parts;
    this.#around = around;
    this.#directory = directory;
    // Nobody may be waiting when it fails.
    this.#waiting.promise.catch(() => undefined);
  }

  /** Begin to listen for the gate. */
  static async open(parts: PodParts, around: PodSurroundings): Promise<GatedPod> {
    const directory = await makePodDirectory(parts.directory);
    const pod = new GatedPod(parts, around, directory);
    if (parts.resume === true) {
      pod.#expected = await readNamespace(directory);
      if (parts.names === undefined) return pod.#cutOff("the table of names is lost");
      if (pod.#expected === undefined) return pod.#cutOff("there is no record of its gate");
      const timer = setTimeout(() => void pod.#cutOff("the gate does not answer"), RESUME_TIMEOUT_MS);
      pod.#serving.defer(() => clearTimeout(timer));
    }
    pod.#serving.use(
      await acceptDeliveries(directory.gate, {
        take: (delivery, descriptors, connection) => pod.#take(delivery, descriptors, connection),
        refuse: (reason) => pod.#refuse(reason),
      }),
    );
    return pod;
  }

  state(): NetworkState {
    return this.#state;
  }

  async ready(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#sockets !== undefined) return this.#noted;
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#waiting.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async dial(port: number, signal: AbortSignal): Promise<Socket> {
    if (port === POD_TCP_PORT) throw podFailed(`Port ${port} of a sandbox is its gate's.`);
    return new Socket({ fd: await this.#ask("dial", port, signal), readable: true, writable: true, allowHalfOpen: true });
  }

  async listen(port: number, signal: AbortSignal = new AbortController().signal): Promise<Server> {
    const fd = await this.#ask("listen", port, signal);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen({ fd });
    await once(server, "listening");
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#serving.dispose();
    this.#link?.close();
    if (this.#sockets !== undefined) {
      for (const fd of [this.#sockets.tcp, this.#sockets.dnsUdp, this.#sockets.dnsTcp]) closeDescriptor(fd);
      this.#around.namespaces.delete(this.#sockets.cookie);
    }
    this.#sockets = undefined;
    if (this.#earlyInit !== undefined) closeDescriptor(this.#earlyInit);
    this.#earlyInit = undefined;
    this.#waiting.reject(podFailed("The sandbox's network was closed."));
    await this.#parts.names?.[Symbol.asyncDispose]();
  }

  async #ask(op: "dial" | "listen", port: number, signal: AbortSignal): Promise<number> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${port} is no port`);
    if (this.#link === undefined) throw podFailed("The gate of the sandbox has not been there yet.");
    return this.#link.ask(op, port, signal);
  }

  #take(delivery: Delivery, descriptors: readonly number[], connection: number): "keep" | "close" {
    try {
      if (delivery.kind === "hello") {
        this.#greet(delivery.intercept, descriptors, connection);
        return "keep";
      }
      if (delivery.kind === "init") {
        this.#meetInit(descriptors);
        return "close";
      }
      if (this.#link === undefined) throw new DescriptorRefused("an answer before any hello");
      this.#link.take(delivery, descriptors[0]);
      return "close";
    } catch (error) {
      // An answer's descriptor was closed by the link, unless there was none yet.
      if (delivery.kind === "hello" || delivery.kind === "init" || this.#link === undefined) for (const fd of descriptors) closeDescriptor(fd);
      this.#refuse(error instanceof Error ? error.message : String(error));
      return "close";
    }
  }

  /** Take three sockets and a control connection, or throw and take nothing. */
  #greet(intercept: "tproxy" | "redirect", descriptors: readonly number[], connection: number): void {
    const sockets = checkHello(descriptors);
    const known = this.#sockets?.cookie ?? this.#expected;
    if (known !== undefined && sockets.cookie !== known) throw new DescriptorRefused("a gate of another namespace");
    if (this.#sockets === undefined) {
      if (this.#around.namespaces.has(sockets.cookie)) throw new DescriptorRefused("sockets of a namespace that is not its own");
      this.#adopt(sockets, intercept);
    } else {
      // The same namespace and no reuse: these are the very sockets that are in use.
      for (const fd of descriptors) closeDescriptor(fd);
    }
    this.#link ??= new GateLink(sockets.cookie);
    this.#link.attach(connection, (reason) => this.#hungUp(reason));
    this.#become("ready", { intercept });
    this.#waiting.resolve(this.#noted);
    const early = this.#earlyInit;
    this.#earlyInit = undefined;
    if (early !== undefined) this.#take({ kind: "init" }, [early], -1);
  }

  /** It may come a moment before the hello, as each message is a connection of its own. */
  #meetInit(descriptors: readonly number[]): void {
    const [connection] = descriptors;
    if (connection === undefined) return;
    if (this.#sockets === undefined) {
      if (this.#earlyInit !== undefined) throw new DescriptorRefused("a second pid 1");
      this.#earlyInit = connection;
      return;
    }
    checkInit(connection, this.#sockets.cookie);
    if (this.#parts.onInit === undefined) closeDescriptor(connection);
    else this.#parts.onInit(connection);
  }

  #adopt(sockets: HelloSockets, intercept: "tproxy" | "redirect"): void {
    const { pod, hostname, mayAllow, local, onRefused, serve, limits, names } = this.#parts;
    if (names === undefined) throw new DescriptorRefused("there is no table of names");
    const { record, budget, namespaces } = this.#around;
    this.#sockets = sockets;
    namespaces.add(sockets.cookie);
    this.#noted = writeNamespace(this.#directory, sockets.cookie).catch((error: unknown) => this.#refuse(`its namespace could not be noted: ${String(error)}`));
    const refused = new RefusedNames();
    const queries = new TokenBucket({ perSecond: limits.queriesPerSecond, burst: limits.queryBurst });
    const added = new TokenBucket({ perSecond: limits.namesPerSecond, burst: limits.nameBurst });
    const limited = (limit: string) => {
      const episode = new Episode(QUIET_MS);
      return (detail: string | number) => void (episode.happens() && record({ type: "egress.limited", pod, fields: { limit, detail } }));
    };
    const [tooManyQueries, tooManyNames, noName] = [limited("queries"), limited("names"), limited("addresses")];
    const guarded = (bucket: TokenBucket, tell: () => void) => () => bucket.take() || (tell(), false);
    const resolve = createResolver({ hostname, mayAllow, local, names, refused, onRefused, mayAdd: guarded(added, () => tooManyNames(limits.namesPerSecond)), onFailure: noName });
    this.#serving.use(startTraffic({ pod, listener: sockets.tcp, intercept, names, refused, serve, limits, budget, record }));
    this.#serving.use(
      startDnsListeners({ udp: sockets.dnsUdp, tcp: sockets.dnsTcp, resolve, mayAsk: guarded(queries, () => tooManyQueries(limits.queriesPerSecond)), maxConnections: limits.dnsConnections }),
    );
  }

  #hungUp(reason: string | null): void {
    if (reason !== null) this.#refuse(reason);
    this.#become("degraded", {});
  }

  #cutOff(reason: string): this {
    if (this.#state !== "waiting") return this;
    this.#become("cut-off", { reason });
    this.#waiting.reject(podFailed(`The sandbox is cut off: ${reason}.`));
    return this;
  }

  #become(state: NetworkState, fields: Readonly<Record<string, string>>): void {
    if (this.#state === state) return;
    this.#state = state;
    if (state !== "waiting") this.#around.record({ type: `gate.${state}`, pod: this.#parts.pod, fields });
  }

  #refuse(reason: string): void {
    if (this.#refusals.happens()) this.#around.record({ type: "gate.rejected", pod: this.#parts.pod, fields: { reason } });
  }
}
