import type { Decision } from "@sbx/contracts";
import { decide } from "@sbx/egress-policy";
import { dial } from "./dial.ts";
import { forwardHttp, type ForwardDial } from "./http-forward.ts";
import { deny, outcomeOf, type Passage } from "./passage.ts";

/** Pass plain HTTP, request by request: the policy in force at that moment decides each. */
export async function passHttp(passage: Passage, first: Decision): Promise<void> {
  const { parts, sandbox, socket, destination, signal } = passage;
  const total = { bytesIn: 0, bytesOut: 0 };
  let passed = false;
  passage.decided();
  await parts.front.serve(socket, forwardHttp({
    host: destination.kind === "name" ? destination.name : destination.address,
    port: destination.port,
    async dial() {
      const dialled = await dialForRequest(passage);
      if (dialled.kind === "connected") {
        passed = true;
        const { socket: upstream } = dialled;
        upstream.once("close", () => {
          total.bytesIn += upstream.bytesRead;
          total.bytesOut += upstream.bytesWritten;
        });
      }
      return dialled;
    },
    denied(reason) { deny(passage, { rule: first.rule, reason }); },
    idleMs: parts.limits.idleMs,
  }), signal);
  if (passed) parts.records.allowed(sandbox, outcomeOf(passage, first), total);
}

async function dialForRequest(passage: Passage): Promise<ForwardDial> {
  const { parts, sandbox, destination, gone } = passage;
  const policy = parts.policyOf(sandbox);
  const decision = decide(policy, destination);
  if (decision.effect === "deny") return { kind: "refused", refusal: deny(passage, decision) };
  const dialled = await dial(destination, policy, parts.ports, gone);
  switch (dialled.kind) {
    case "denied":
      return { kind: "refused", refusal: deny(passage, { rule: decision.rule, ...dialled }) };
    case "failed":
      if (!gone.aborted) parts.records.failed(sandbox, outcomeOf(passage, { rule: decision.rule, reason: dialled.reason }));
      return dialled;
    case "connected":
      return dialled;
  }
}
