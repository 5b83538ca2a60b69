import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Decision } from "@sbx/contracts";
import { decideConnection, decideRequest } from "@sbx/egress-policy";
import { dial, type Dialled } from "./dial.ts";
import { forwardHttp, type ForwardDial, type ForwardedRequest } from "./http-forward.ts";
import { deny, NO_RULES, outcomeOf, type Passage, type Verdict } from "./passage.ts";
import { reset } from "./socket.ts";
import { credentialsOf, putIn, type PutIn } from "./terminate/host-credential.ts";
import { overridingHeader } from "./terminate/overriding.ts";
import { speakTls } from "./terminate/speak-tls.ts";

/** Pass HTTP, request by request: the policy in force at that moment decides each. `client` is the passage's own socket, or what is within its TLS. */
export async function passHttp(passage: Passage, first: Decision, client: Socket): Promise<void> {
  const { parts, pod, destination, signal } = passage;
  const total = { connections: 0, bytesIn: 0, bytesOut: 0 };
  const scheme = client instanceof TLSSocket ? "https" : "http";
  passage.decided();
  await parts.front.serve(
    client,
    forwardHttp({
      scheme,
      host: destination.kind === "name" ? destination.name : destination.address,
      port: destination.port,
      async dial(request) {
        // A policy may be gone or broken by now, and whoever sent the request waits.
        const dialled = await dialForRequest(passage, scheme, request).catch((): ForwardDial => ({
          kind: "refused",
          refusal: deny(passage, NO_RULES),
        }));
        if (dialled.kind === "connected") {
          total.connections += 1;
          const { socket: upstream } = dialled;
          upstream.once("close", () => {
            total.bytesIn += upstream.bytesRead;
            total.bytesOut += upstream.bytesWritten;
          });
        }
        return dialled;
      },
      denied(reason) {
        deny(passage, { rule: first.rule, reason });
      },
      idleMs: parts.limits.idleMs,
    }),
    signal,
  );
  if (total.connections > 0) parts.records.allowed(pod, outcomeOf(passage, first), { bytesIn: total.bytesIn, bytesOut: total.bytesOut });
}

async function dialForRequest(passage: Passage, scheme: "http" | "https", request: ForwardedRequest): Promise<ForwardDial> {
  const { parts, pod, destination, gone } = passage;
  const policy = parts.policyOf(pod);
  const decision = decideRequest(policy, destination, request);
  if (decision.effect === "deny") return { kind: "refused", refusal: deny(passage, decision) };
  const overriding = overridingHeader(request.rawHeaders);
  if (overriding !== undefined && decideConnection(policy, destination).requests)
    return { kind: "refused", refusal: deny(passage, { rule: decision.rule, reason: `rules are about single requests to ${passage.to}, and ${overriding} may make this another one` }) };
  const put = scheme === "https" ? await putIn(credentialsOf(passage), passage.to) : [];
  if ("reason" in put) return { kind: "refused", refusal: deny(passage, { rule: decision.rule, ...put }) };
  const dialled = await dial(destination, { policy, ports: parts.portsOf(pod), plain: scheme === "http" }, gone);
  switch (dialled.kind) {
    case "denied":
      return { kind: "refused", refusal: deny(passage, { rule: decision.rule, ...dialled }) };
    case "failed":
      return fail(passage, { rule: decision.rule, reason: dialled.reason });
    case "connected":
      return await useForRequest(passage, dialled, { request, decision, scheme, put });
  }
}

interface Use {
  readonly request: ForwardedRequest;
  readonly decision: Decision;
  readonly scheme: "http" | "https";
  readonly put: readonly PutIn[];
}

/** The rules may have changed while the connection was made. */
async function useForRequest(passage: Passage, { address, socket, via }: Extract<Dialled, { kind: "connected" }>, { request, decision, scheme, put }: Use): Promise<ForwardDial> {
  const { parts, gone } = passage;
  const verdict = passage.use(address, socket, request);
  if (verdict !== undefined) {
    reset(socket);
    return { kind: "refused", refusal: deny(passage, verdict) };
  }
  if (scheme === "http") return { kind: "connected", socket, putIn: put, ...(via === undefined ? {} : { via }) };
  const spoken = await speakTls(socket, { host: passage.to, context: parts.upstreamContext(), ms: parts.limits.headMs, signal: gone });
  return spoken.kind === "secure" ? { kind: "connected", socket: spoken.socket, putIn: put } : fail(passage, { rule: decision.rule, reason: spoken.reason });
}

function fail(passage: Passage, verdict: Verdict): ForwardDial {
  if (!passage.gone.aborted) passage.parts.records.failed(passage.pod, outcomeOf(passage, verdict));
  return { kind: "failed", reason: verdict.reason };
}
