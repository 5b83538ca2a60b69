import type { Decision, Destination } from "@sbx/contracts";
import { HOST_GATEWAY } from "@sbx/egress-policy";
import { dial } from "./dial.ts";
import { passFirstLine } from "./first-line.ts";
import { judgeHello } from "./judge-hello.ts";
import { passHttp } from "./pass-http.ts";
import { deny, outcomeOf, refuseFirst, type Passage } from "./passage.ts";
import { readHello, type FirstBytes } from "./read-hello.ts";
import { reset } from "./socket.ts";
import { createBulkReader, splice, type BulkReader } from "./splice.ts";

/**
 * Pass a connection untouched. On port 443 nothing is dialled before the client said whom it wants; elsewhere the server may
 * be the one that speaks first, so that only what the client sends is looked at, when it does. What turns out to be HTTP
 * is passed request by request, as on port 80: one server may answer for many hosts, and each request names one.
 */
export async function passBytes(passage: Passage, decision: Decision): Promise<void> {
  const { parts, socket, destination } = passage;
  let hello: FirstBytes | undefined;
  if (destination.port === 443) {
    hello = await readHello(socket, { ms: parts.limits.headMs, fromFirstByte: false });
    if (passage.signal.aborted) return;
    const reason = judgeHello(hello, destination);
    if (reason !== undefined) {
      refuseFirst(passage, hello, { rule: decision.rule, reason });
      return;
    }
  }
  passage.decided();
  const reader = createBulkReader(parts.buffers);
  await join(passage, { decision, reader, hello });
}

async function join(passage: Passage, { decision, reader, hello }: { readonly decision: Decision; readonly reader: BulkReader; readonly hello: FirstBytes | undefined }): Promise<void> {
  const { parts, pod, socket, destination, signal, gone } = passage;
  const { rule } = decision;
  const dialled = await dial(destination, { policy: parts.policyOf(pod), ports: parts.portsOf(pod), onread: reader.onread }, gone);
  if (signal.aborted) {
    if (dialled.kind === "connected") reset(dialled.socket);
    reset(socket);
    return;
  }
  if (dialled.kind !== "connected") {
    if (dialled.kind === "denied") deny(passage, { rule, ...dialled });
    else parts.records.failed(pod, outcomeOf(passage, { rule, reason: dialled.reason }));
    reset(socket);
    return;
  }
  const upstream = dialled.socket;
  const verdict = passage.use(dialled.address, upstream);
  if (verdict !== undefined) {
    deny(passage, verdict);
    reset(upstream);
    reset(socket);
    return;
  }
  let denied: string | undefined;
  let request: Buffer | undefined;
  const first = async (): Promise<Buffer | "part" | undefined> => {
    const bytes = hello ?? (await readHello(socket, { ms: parts.limits.headMs, fromFirstByte: true }));
    denied = judgeHello(bytes, destination);
    if (denied !== undefined || !("head" in bytes)) return undefined;
    if (bytes.kind !== "other" || !isOneHost(destination)) return bytes.head;
    const line = await passFirstLine(socket, upstream, bytes.head);
    if (line.kind === "other") return line.rest;
    request = line.bytes;
    if (upstream.bytesRead > 0) denied = "the client speaks HTTP with a server that speaks something else";
    else if (socket.readableEnded) denied = "the client ended before its request was taken";
    return denied === undefined ? "part" : undefined;
  };
  const parted = await splice(socket, upstream, { reader, idleMs: parts.limits.idleMs, signal, first });
  if (parted && request !== undefined) {
    if (!socket.destroyed) socket.unshift(request);
    await passHttp(passage, decision, socket);
  } else if (denied === undefined) parts.records.allowed(pod, outcomeOf(passage, decision), { bytesIn: upstream.bytesRead, bytesOut: upstream.bytesWritten });
  else deny(passage, { rule, reason: denied });
}

/** Whether it is about one host among others that may answer at the same address: a request of HTTP says which. */
function isOneHost(destination: Destination): boolean {
  return destination.kind === "name" && destination.name !== HOST_GATEWAY;
}
