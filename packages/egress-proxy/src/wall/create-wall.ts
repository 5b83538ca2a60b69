import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { Decision, Destination, RecordEvent, SandboxId } from "@sbx/contracts";
import { decide, parseHost, serviceAt, type CompiledPolicy } from "@sbx/egress-policy";
import type { PodConnection, ServeConnection } from "../pod/pod-connection.ts";
import { dial, systemConnect, systemResolve, type Connect, type DialPorts, type Resolve } from "./dial.ts";
import type { Refusal } from "./http-answer.ts";
import { createHttpFront, type HttpFront, type HttpPurpose } from "./http-front.ts";
import { answerRefusal } from "./http-answer.ts";
import { answerRaw } from "./http-front.ts";
import { forwardHttp, type ForwardDial } from "./http-forward.ts";
import { DEFAULT_LIMITS, type WallLimits } from "./limits.ts";
import type { ModelBinding } from "./model/model-binding.ts";
import { createModelService, type ModelService } from "./model/model-service.ts";
import { readHello, type FirstBytes } from "./read-hello.ts";
import { createRecords, type Outcome, type Records } from "./records.ts";
import { servicePurpose } from "./services.ts";
import { closed, reset } from "./socket.ts";
import { createBulkReader, splice } from "./splice.ts";

export interface WallOptions {
  /** The policy in force now; asked anew for every connection and every plain HTTP request. */
  readonly policyOf: (sandbox: SandboxId) => CompiledPolicy;
  readonly modelOf: (sandbox: SandboxId) => readonly ModelBinding[];
  readonly record: RecordEvent;
  /** Faults of the wall itself. */
  readonly log: (message: string, error: unknown) => void;
  /** How the commands in refusals name a sandbox; its id when absent. */
  readonly nameOf?: (sandbox: SandboxId) => string;
  readonly resolve?: Resolve;
  /** How a vetted address is dialled. */
  readonly connect?: Connect;
  /** Addresses of this machine on every interface. */
  readonly hostAddresses?: () => readonly string[];
  /** Further authorities for the model providers' certificates, in PEM. */
  readonly trust?: readonly string[];
  readonly limits?: Partial<WallLimits>;
  readonly now?: () => Date;
}

/** Everything that crosses from a pod to anywhere else. Dispose of it after the pods. */
export interface Wall extends AsyncDisposable {
  readonly serve: ServeConnection;
  /** Drop what is remembered about a sandbox that was removed. */
  forget(sandbox: SandboxId): void;
}

/** What all connections share. */
interface Shared {
  readonly options: WallOptions;
  readonly limits: WallLimits;
  readonly ports: DialPorts;
  readonly records: Records;
  readonly front: HttpFront;
  readonly model: ModelService;
}

/** One connection, judged. */
interface Passage {
  readonly shared: Shared;
  readonly sandbox: SandboxId;
  readonly socket: Socket;
  readonly destination: Destination;
  /** Name or address, for people. */
  readonly to: string;
  /** Ends the connection at once. */
  readonly signal: AbortSignal;
  /** Fires with `signal`, and when the client is gone: for what is only worth while for a client. */
  readonly gone: AbortSignal;
}

export function createWall(options: WallOptions): Wall {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const shared: Shared = {
    options,
    limits,
    ports: { resolve: options.resolve ?? systemResolve, connect: options.connect ?? systemConnect, hostAddresses: options.hostAddresses ?? systemAddresses, limits },
    records: createRecords(options.record, options.now ?? (() => new Date())),
    front: createHttpFront(limits),
    model: createModelService({ modelOf: options.modelOf, record: options.record, trust: options.trust ?? [], bodyBytes: limits.bodyBytes }),
  };
  return {
    async serve(connection, signal) {
      const { socket } = connection;
      const over = closed(socket);
      // Whoever reads it reports a break; without a listener the first one would end the process.
      socket.on("error", () => {});
      try {
        await serve(shared, connection, signal);
      } catch (error) {
        options.log("a connection broke the wall's rules for itself", error);
        reset(socket);
      }
      await over;
    },
    forget: (sandbox) => { shared.records.forget(sandbox); },
    [Symbol.asyncDispose]: () => shared.model[Symbol.asyncDispose](),
  };
}

function systemAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}

async function serve(shared: Shared, { sandbox, socket, to, port }: PodConnection, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  socket.once("close", () => { gone.abort(); });
  const name = to.kind === "name" ? parseHost(to.name) : undefined;
  const destination: Destination = to.kind === "address" ? { kind: "address", address: to.address, port } : { kind: "name", name: name ?? to.name, port };
  const passage: Passage = { shared, sandbox, socket, destination, to: to.kind === "address" ? to.address : (name ?? "an invalid name"), signal, gone: AbortSignal.any([signal, gone.signal]) };
  const service = name === undefined ? undefined : serviceAt(name, port);
  if (service !== undefined) {
    const { options, model, records, front } = shared;
    await front.serve(socket, servicePurpose(service, sandbox, port, { model, records, policyOf: options.policyOf, log: options.log }), signal);
    return;
  }
  const decision = decide(shared.options.policyOf(sandbox), destination);
  if (decision.effect === "deny") {
    record(passage, decision);
    await refuse(passage, refusalOf(passage, decision));
  } else if (port === 80) {
    await passHttp(passage, decision);
  } else {
    await passBytes(passage, decision);
  }
}

function outcomeOf({ to, destination: { port } }: Passage, { rule, reason, fix }: Pick<Decision, "rule" | "reason" | "fix">): Outcome {
  return { to, port, rule, reason, fix };
}

function record(passage: Passage, decision: Decision): void {
  passage.shared.records.denied(passage.sandbox, outcomeOf(passage, withSandbox(passage, decision)));
}

/** A command that opens something opens it for this sandbox only. */
function withSandbox<T extends { readonly fix?: string | undefined }>(passage: Passage, decision: T): T {
  if (decision.fix === undefined || !decision.fix.startsWith("sbx policy allow ")) return decision;
  const { sandbox, shared } = passage;
  return { ...decision, fix: `${decision.fix} --sandbox ${shared.options.nameOf?.(sandbox) ?? sandbox}` };
}

function refusalOf(passage: Passage, decision: Pick<Decision, "rule" | "reason" | "fix">): Refusal {
  const { reason, rule, fix } = withSandbox(passage, decision);
  return { to: `${passage.to}:${passage.destination.port}`, reason, rule: rule?.id, fix };
}

/** Readable where HTTP is spoken, else as quick as a closed port. */
async function refuse({ shared, socket, destination, signal }: Passage, refusal: Refusal): Promise<void> {
  if (destination.port !== 80) {
    reset(socket);
    return;
  }
  await shared.front.serve(socket, {
    request(request, response) { answerRefusal(request, response, 403, refusal); },
    upgrade(_request, upgraded) { answerRaw(upgraded, "403 Forbidden", `${refusal.reason}\n`); },
    malformed() {},
  }, signal);
}

async function passHttp(passage: Passage, first: Decision): Promise<void> {
  const { shared, sandbox, socket, destination, signal, gone } = passage;
  const total = { bytesIn: 0, bytesOut: 0 };
  let passed = false;
  const dialOnce = async (): Promise<ForwardDial> => {
    const policy = shared.options.policyOf(sandbox);
    const decision = decide(policy, destination);
    const dialled = decision.effect === "deny" ? { kind: "denied" as const, ...decision } : await dial(destination, policy, shared.ports, gone);
    switch (dialled.kind) {
      case "denied":
        record(passage, { effect: "deny", ...dialled });
        return { kind: "refused", refusal: refusalOf(passage, dialled) };
      case "failed":
        shared.records.failed(sandbox, outcomeOf(passage, { rule: decision.rule, reason: dialled.reason }));
        return dialled;
      case "connected":
        passed = true;
        dialled.socket.once("close", () => {
          total.bytesIn += dialled.socket.bytesRead;
          total.bytesOut += dialled.socket.bytesWritten;
        });
        return dialled;
    }
  };
  const purpose: HttpPurpose = forwardHttp({
    host: destination.kind === "name" ? destination.name : destination.address,
    port: destination.port,
    dial: dialOnce,
    denied: (reason) => { record(passage, { effect: "deny", rule: first.rule, reason }); },
    idleMs: shared.limits.idleMs,
  });
  await shared.front.serve(socket, purpose, signal);
  if (passed) shared.records.allowed(sandbox, outcomeOf(passage, first), total);
}

async function passBytes(passage: Passage, decision: Decision): Promise<void> {
  const { shared, sandbox, socket, destination, signal, gone } = passage;
  // On 443 nothing is dialled before the client said whom it wants; elsewhere the server may be the one that speaks first.
  const hello = destination.port === 443 ? await readHello(socket, { ms: shared.limits.headMs, fromFirstByte: false }) : undefined;
  const early = hello === undefined ? undefined : judgeHello(hello, destination);
  if (early !== undefined) {
    record(passage, { effect: "deny", rule: decision.rule, reason: early });
    reset(socket);
    return;
  }
  const reader = createBulkReader();
  const dialled = await dial(destination, shared.options.policyOf(sandbox), shared.ports, gone, reader.onread);
  if (dialled.kind !== "connected") {
    if (dialled.kind === "denied") record(passage, { effect: "deny", ...dialled });
    else shared.records.failed(sandbox, outcomeOf(passage, { rule: decision.rule, reason: dialled.reason }));
    reset(socket);
    return;
  }
  const upstream = dialled.socket;
  let denied: string | undefined;
  const first = async (): Promise<Buffer | undefined> => {
    const bytes = hello ?? (await readHello(socket, { ms: shared.limits.headMs, fromFirstByte: true }));
    denied = judgeHello(bytes, destination);
    return denied === undefined && "head" in bytes ? bytes.head : undefined;
  };
  await splice(socket, upstream, reader, { idleMs: shared.limits.idleMs, signal, first });
  if (denied !== undefined) record(passage, { effect: "deny", rule: decision.rule, reason: denied });
  else shared.records.allowed(sandbox, outcomeOf(passage, decision), { bytesIn: upstream.bytesRead, bytesOut: upstream.bytesWritten });
}

/** Why a client's first bytes may not go to this destination, or `undefined`. */
function judgeHello(first: FirstBytes, destination: Destination): string | undefined {
  const web = destination.port === 443;
  switch (first.kind) {
    case "invalid":
      return first.why;
    case "late":
      return "the client's first message did not come in time";
    case "ended":
      return web ? "the client said nothing" : undefined;
    case "other":
      return web ? "port 443 is for TLS, and the client speaks something else" : undefined;
    case "tls":
      return judgeServerName(first.serverName, destination, web);
  }
}

/** A rule of an address is about whoever answers there; a rule of a name is about that name only. */
function judgeServerName(serverName: string | undefined, destination: Destination, required: boolean): string | undefined {
  if (destination.kind === "address") return undefined;
  if (serverName === undefined) return required ? `the TLS client names no server, but the connection is for ${destination.name}` : undefined;
  const asked = serverName.toLowerCase();
  return asked === destination.name ? undefined : `the TLS client asks for ${asked.slice(0, 253)}, but the connection is for ${destination.name}`;
}
