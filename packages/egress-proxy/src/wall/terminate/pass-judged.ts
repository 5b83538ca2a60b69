import type { Decision } from "@sbx/contracts";
import { judgeHello } from "../judge-hello.ts";
import { passHttp } from "../pass-http.ts";
import { refuseFirst, type Passage } from "../passage.ts";
import { readHello, type FirstBytes } from "../read-hello.ts";
import { passTerminated } from "./pass-terminated.ts";

/** Pass a connection of which each request is decided: HTTP, plain or within TLS, and nothing else. Nothing is dialled before there is one. */
export async function passJudged(passage: Passage, decision: Decision): Promise<void> {
  const { parts, socket, destination, signal } = passage;
  const first = await readHello(socket, { ms: parts.limits.headMs, fromFirstByte: false });
  if (signal.aborted) return;
  const reason = judgeHello(first, destination) ?? whyNotJudged(first);
  if (reason === undefined && first.kind === "tls") await passTerminated(passage, decision, first.head);
  else if (reason === undefined && first.kind === "other") {
    socket.unshift(first.head);
    await passHttp(passage, decision, socket);
  } else refuseFirst(passage, first, { rule: decision.rule, reason: reason ?? "the client's first message is none that can be looked at" });
}

/** There must be a request, and within TLS the host must be named. */
function whyNotJudged(first: FirstBytes): string | undefined {
  if (first.kind === "ended") return "the client ended before its request was taken";
  return first.kind === "tls" && first.serverName === undefined ? "the TLS client names no server, and its requests have to be looked at" : undefined;
}
