import type { Decision } from "@sbx/contracts";
import { passHttp } from "../pass-http.ts";
import { deny, outcomeOf, type Passage } from "../passage.ts";
import { reset } from "../socket.ts";
import { answerTls } from "./answer-tls.ts";

/**
 * Answer TLS in the name of the host, and pass what is said in it request by request. Only for a pod that trusts an authority of
 * its own for that: what cannot be looked at is refused.
 */
export async function passTerminated(passage: Passage, decision: Decision, head: Buffer): Promise<void> {
  const { parts, pod, socket, destination } = passage;
  const authority = parts.authorityOf(pod);
  if (authority === undefined || destination.kind !== "name") {
    deny(passage, { rule: decision.rule, reason: `rules are about single requests to ${passage.to}:${destination.port}, and what is encrypted from here cannot be looked at` });
    reset(socket);
    return;
  }
  passage.decided();
  const answered = await answerTls(socket, { context: parts.hostContexts(authority, destination.name), head, ms: parts.limits.headMs });
  if (answered.kind === "failed") {
    parts.records.failed(pod, outcomeOf(passage, { rule: decision.rule, reason: answered.reason }));
    return;
  }
  await passHttp(passage, decision, answered.socket);
}
