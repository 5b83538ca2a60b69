import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { Decision, Destination, PodId, RuleLayer } from "@sbx/contracts";
import type { CompiledPolicy, HttpRequest } from "@sbx/egress-policy";
import type { DialPorts } from "./dial.ts";
import { answerRefusal, type Refusal } from "./http-answer.ts";
import { answerRaw, type HttpFront } from "./http-front.ts";
import type { WallLimits } from "./limits.ts";
import type { OpenPassages } from "./open-passages.ts";
import type { FirstBytes } from "./read-hello.ts";
import type { Outcome, Records } from "./records.ts";
import { reset } from "./socket.ts";
import type { BufferPool } from "./splice.ts";
import type { Authority, HostContexts } from "./terminate/authority.ts";
import type { HostCredential } from "./terminate/host-credential.ts";

/** What all connections share. */
export interface WallParts {
  readonly policyOf: (pod: PodId) => CompiledPolicy;
  readonly scopeOf: (pod: PodId) => string | undefined;
  readonly limits: WallLimits;
  readonly portsOf: (pod: PodId) => DialPorts;
  readonly records: Records;
  readonly front: HttpFront;
  readonly buffers: BufferPool;
  readonly open: OpenPassages;
  readonly authorityOf: (pod: PodId) => Authority | undefined;
  readonly credentialsOf: (pod: PodId) => readonly HostCredential[];
  readonly hostContexts: HostContexts;
  /** Whom the wall trusts where it speaks TLS itself. */
  readonly upstreamContext: () => SecureContext;
}

/** One connection on its way through the wall. */
export interface Passage {
  readonly parts: WallParts;
  readonly pod: PodId;
  readonly socket: Socket;
  readonly destination: Destination;
  /** Name or address, for people. */
  readonly to: string;
  /** Ends the connection at once: the pod's end, or a policy that denies it since. */
  readonly signal: AbortSignal;
  /** Fires with `signal`, and when the client is gone: for what is only worth while for a client. */
  readonly gone: AbortSignal;
  /** Says that policy has decided. */
  readonly decided: () => void;
  /** Whether each of its requests is decided: nothing else passes then. */
  readonly judged: boolean;
  /** To be called with each connection that is made on its behalf, before a byte goes there, and with the request that it is for. Gives why it may not be used. */
  readonly use: (address: string | undefined, upstream: Socket, request?: HttpRequest) => Verdict | undefined;
}

/** Why a policy decides as it does. */
export type Verdict = Pick<Decision, "rule" | "reason" | "fix">;

/** Where the rules are gone, or were never readable. */
export const NO_RULES: Verdict = { reason: "its rules cannot be read, so nothing is allowed" };

/** Layers whose rules are one pod's own. */
const OWN_LAYERS: ReadonlySet<RuleLayer> = new Set(["sandbox", "server"]);

/** What is needed of a connection to refuse it. */
type Denied = Pick<Passage, "parts" | "pod" | "socket" | "destination" | "to">;

export function outcomeOf({ to, destination: { port } }: Denied, { rule, reason, fix }: Verdict): Outcome {
  return { to, port, rule, reason, fix };
}

/** Record a denial and give its readable form. */
export function deny(passage: Denied, verdict: Verdict): Refusal {
  const own = withScope(passage, verdict);
  passage.parts.records.denied(passage.pod, outcomeOf(passage, own));
  return { to: `${passage.to}:${passage.destination.port}`, reason: own.reason, rule: own.rule?.id, fix: own.fix };
}

/** A command changes this pod only, unless what it takes away holds for all. */
function withScope({ pod, parts }: Denied, verdict: Verdict): Verdict {
  if (verdict.fix === undefined || (verdict.rule !== undefined && verdict.rule.effect === "deny" && !OWN_LAYERS.has(verdict.rule.layer))) return verdict;
  const scope = parts.scopeOf(pod);
  return { rule: verdict.rule, reason: verdict.reason, ...(scope === undefined ? {} : { fix: `${verdict.fix} ${scope}` }) };
}

/** Break a connection off for what its client said first, or did not say. One that said nothing at all was no attempt. */
export function refuseFirst(passage: Passage, first: FirstBytes, verdict: Verdict): void {
  const { parts, pod, socket } = passage;
  if (first.kind === "ended" && first.head.length === 0) parts.records.failed(pod, outcomeOf(passage, verdict));
  else deny(passage, verdict);
  reset(socket);
}

/** End a connection that was denied: readable where HTTP is spoken, else as quickly as a closed port would. */
export async function refuse({ parts, socket, destination, signal }: Denied & Pick<Passage, "signal">, refusal: Refusal): Promise<void> {
  if (destination.port !== 80) {
    reset(socket);
    return;
  }
  await parts.front.serve(
    socket,
    {
      request(_request, response) {
        answerRefusal(response, 403, refusal);
      },
      upgrade(_request, upgraded) {
        answerRaw(upgraded, "403 Forbidden", `${refusal.reason}\n`);
      },
      malformed() {},
    },
    signal,
  );
}
