import type { Decision } from "@sbx/contracts";
import { decide } from "@sbx/egress-policy";
import { dial, type Dialled } from "./dial.ts";
import { forwardHttp, type ForwardDial } from "./http-forward.ts";
import { deny, outcomeOf, type Passage } from "./passage.ts";
import { reset } from "./socket.ts";

/** Pass plain HTTP, request by request: the policy in force at that moment decides each. */
export async function passHttp(passage: Passage, first: Decision): Promise<void> {
  const { parts, pod, socket, destination, signal } = passage;
  const total = { connections: 0, bytesIn: 0, bytesOut: 0 };
  passage.decided();
  await parts.front.serve(
    socket,
    forwardHttp({
      host: destination.kind === "name" ? destination.name : destination.address,
      port: destination.port,
      async dial() {
        const dialled = await dialForRequest(passage);
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

async function dialForRequest(passage: Passage): Promise<ForwardDial> {
  const { parts, pod, destination, gone } = passage;
  const policy = parts.policyOf(pod);
  const decision = decide(policy, destination);
  if (decision.effect === "deny") return { kind: "refused", refusal: deny(passage, decision) };
  const dialled = await dial(destination, { policy, ports: parts.ports }, gone);
  switch (dialled.kind) {
    case "denied":
      return { kind: "refused", refusal: deny(passage, { rule: decision.rule, ...dialled }) };
    case "failed":
      if (!gone.aborted) parts.records.failed(pod, outcomeOf(passage, { rule: decision.rule, reason: dialled.reason }));
      return dialled;
    case "connected":
      return useForRequest(passage, dialled);
  }
}

/** The rules may have changed while the connection was made. */
function useForRequest(passage: Passage, dialled: Extract<Dialled, { kind: "connected" }>): ForwardDial {
  const verdict = passage.use(dialled.address, dialled.socket);
  if (verdict === undefined) return dialled;
  reset(dialled.socket);
  return { kind: "refused", refusal: deny(passage, verdict) };
}
