import { isSandboxId, type Decision, type Destination, type PodId, type RecordPodEvent, type SandboxId } from "@sbx/contracts";
import { decideConnection, parseHost, serviceAt, type CompiledPolicy } from "@sbx/egress-policy";
import type { PodConnection, ServeConnection } from "../pod/pod-connection.ts";
import { createSystemAddresses } from "./system-addresses.ts";
import { systemConnect, systemResolve, type Connect, type Resolve } from "./dial.ts";
import { createHttpFront } from "./http-front.ts";
import { DEFAULT_LIMITS, type WallLimits } from "./limits.ts";
import type { ModelBinding } from "./model/model-binding.ts";
import { createModelService } from "./model/model-service.ts";
import { passBytes } from "./pass-bytes.ts";
import { passHttp } from "./pass-http.ts";
import { createOpenPassages } from "./open-passages.ts";
import { deny, refuse, type Passage, type WallParts } from "./passage.ts";
import { createRecords } from "./records.ts";
import { servicePurpose, type ServeMcp, type ServicesOptions } from "./services.ts";
import { closed, reset } from "./socket.ts";
import { joinWithin, type StaysWithin } from "./join-within.ts";
import { limitLookups } from "./limit-lookups.ts";
import { shareLookups } from "./share-lookups.ts";
import { createBufferPool } from "./splice.ts";
import type { ProxyFor } from "./upstream-proxy.ts";
import { createHostContexts, type Authority } from "./terminate/authority.ts";
import { credentialsOf, type HostCredential } from "./terminate/host-credential.ts";
import { passJudged } from "./terminate/pass-judged.ts";
import { createUpstreamContext } from "./terminate/speak-tls.ts";

/** What the wall asks and tells: policies by pod, models by sandbox, events, and its ways to the network, the system's by default. */
export interface WallOptions {
  /** The policy in force now; asked anew for every connection and every plain HTTP request. */
  readonly policyOf: (pod: PodId) => CompiledPolicy;
  /** The MCP gateway, which a sandbox reaches under its names; a server's pod never does. */
  readonly mcp?: ServeMcp;
  /** Asked first: what stays within a sandbox, and is decided by nothing but who is in it. */
  readonly within?: StaysWithin;
  readonly modelOf: (sandbox: SandboxId) => readonly ModelBinding[];
  /** The authority that a pod's programs trust, so that requests within TLS can be looked at; without one they are refused where they would have to be. */
  readonly authorityOf?: (pod: PodId) => Authority | undefined;
  /** What is put on a pod's requests. Where it is, TLS is answered here, so that an authority is needed. */
  readonly credentialsOf?: (pod: PodId) => readonly HostCredential[];
  readonly record: RecordPodEvent;
  /** Faults of the wall itself. */
  readonly log: (message: string, error: unknown) => void;
  /** What narrows the commands in refusals to a pod, such as `--sandbox NAME`; its id when absent. `undefined`: no command changes what it may reach. */
  readonly scopeOf?: (pod: PodId) => string | undefined;
  readonly resolve?: Resolve;
  /** Through whom hosts elsewhere are reached. */
  readonly proxyFor?: ProxyFor;
  /** How a vetted address is dialled. */
  readonly connect?: Connect;
  /** Addresses of this machine on every interface. */
  readonly hostAddresses?: () => readonly string[];
  /** Further authorities for certificates of hosts that the wall itself speaks to, such as model providers, in PEM. */
  readonly trust?: readonly string[];
  readonly limits?: Partial<WallLimits>;
  readonly now?: () => Date;
}

/** Everything that crosses from a pod to anywhere else. Dispose of it after the pods. */
export interface Wall extends AsyncDisposable {
  readonly serve: ServeConnection;
  /** The rules have changed: what is open and denied now is ended at once. Changes of which nobody tells are noticed soon. */
  reconsider(): void;
  /** Drop what is remembered about a sandbox that was removed. */
  forget(sandbox: SandboxId): void;
}

/** Make the wall: it decides each connection of a pod by the policy of that moment, records it, and carries it or refuses it. */
export function createWall(options: WallOptions): Wall {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { policyOf, log } = options;
  const ports = {
    resolve: shareLookups(options.resolve ?? systemResolve),
    connect: options.connect ?? systemConnect,
    hostAddresses: options.hostAddresses ?? createSystemAddresses(),
    limits,
    proxyFor: options.proxyFor,
  };
  const scopeOf = options.scopeOf ?? ((pod: PodId) => `--sandbox ${pod}`);
  const resolveFor = limitLookups(ports.resolve, limits.resolveMs);
  const open = createOpenPassages({ policyOf, ports });
  const parts: WallParts = {
    policyOf,
    scopeOf,
    limits,
    // Pods of one scope are one sandbox's: as many as its agent likes.
    portsOf: (pod) => ({ ...ports, resolve: resolveFor(scopeOf(pod) ?? pod) }),
    records: createRecords(options.record, options.now ?? (() => new Date())),
    front: createHttpFront(limits),
    buffers: createBufferPool(),
    open,
    authorityOf: options.authorityOf ?? (() => undefined),
    credentialsOf: options.credentialsOf ?? (() => []),
    hostContexts: createHostContexts(Date.now),
    upstreamContext: createUpstreamContext(options.trust ?? []),
  };
  const model = createModelService({ modelOf: options.modelOf, record: options.record, trust: options.trust ?? [], bodyBytes: limits.bodyBytes, proxyFor: options.proxyFor });
  const services: ServicesOptions = { mcp: options.mcp, model, records: parts.records, policyOf, log };
  return {
    async serve(connection, signal) {
      const { socket } = connection;
      const over = closed(socket);
      // Whoever reads it reports a break; without a listener the first one would end the process.
      socket.on("error", () => {});
      try {
        await serveConnection({ parts, services, within: options.within }, connection, signal);
      } catch (error) {
        log("a connection could not be served", error);
        reset(socket);
      }
      await over;
    },
    reconsider: () => {
      open.reconsider();
    },
    forget: (sandbox) => {
      parts.records.forget(sandbox);
    },
    async [Symbol.asyncDispose]() {
      open[Symbol.dispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

interface Serving {
  readonly parts: WallParts;
  readonly services: ServicesOptions;
  readonly within: StaysWithin | undefined;
}

/** Decide, once, what becomes of a connection: one of our services, a refusal, HTTP or bytes. */
async function serveConnection({ parts, services, within }: Serving, connection: PodConnection, signal: AbortSignal): Promise<void> {
  const { pod, socket, to, port, decided = () => {} } = connection;
  const name = to.kind === "name" ? parseHost(to.name) : undefined;
  const service = name === undefined ? undefined : serviceAt(name, port);
  // They are for agents. Whatever else has a pod finds no service there, and no rule can give it one.
  if (service !== undefined && isSandboxId(pod)) {
    decided();
    await parts.front.serve(socket, servicePurpose({ kind: service, sandbox: pod, port }, services), signal);
    return;
  }
  const near = nearOf(connection, within);
  if (near !== undefined) {
    decided();
    await joinWithin(socket, near, { idleMs: parts.limits.idleMs, signal });
    return;
  }
  const gone = new AbortController();
  socket.once("close", () => {
    gone.abort("the client is gone");
  });
  const asked = { parts, pod, socket, ...destinationOf(connection), signal, gone: AbortSignal.any([signal, gone.signal]), decided };
  const decision = decideConnection(parts.policyOf(pod), asked.destination);
  if (decision.effect === "deny" || connection.refuseOnly === true) {
    decided();
    const late = "no rule allowed this name when it was looked up; a rule does now, and the next look-up will take it";
    await refuse(asked, deny(asked, decision.effect === "deny" ? decision : { reason: late }));
    return;
  }
  const passage = parts.open.begin({ ...asked, judged: decision.requests || credentialsOf(asked).length > 0 });
  await pass(passage, decision);
}

/** Carry what is allowed. */
async function pass(passage: Passage, decision: Decision): Promise<void> {
  if (passage.destination.port === 80) await passHttp(passage, decision, passage.socket);
  else await (passage.judged ? passJudged(passage, decision) : passBytes(passage, decision));
}

/** Where a connection stays within its sandbox, if it does. One that may only be refused does not. */
function nearOf(connection: PodConnection, within: StaysWithin | undefined): ReturnType<StaysWithin> {
  return connection.refuseOnly === true ? undefined : within?.(connection);
}

/** What is decided about, with the name parsed where it can be, and how records write it. */
function destinationOf({ to, port }: PodConnection): { readonly destination: Destination; readonly to: string } {
  if (to.kind === "address") return { destination: { kind: "address", address: to.address, port }, to: to.address };
  const name = parseHost(to.name);
  return { destination: { kind: "name", name: name ?? to.name, port }, to: name ?? "an invalid name" };
}
