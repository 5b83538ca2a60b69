import type { Socket } from "node:net";
import type { Destination, PodId } from "@sbx/contracts";
import { decideConnection, decideRequest, type CompiledPolicy, type HttpRequest } from "@sbx/egress-policy";
import { whyNotDialled, type DialPorts } from "./dial.ts";
import { deny, NO_RULES, type Passage, type Verdict } from "./passage.ts";
import { reset } from "./socket.ts";

/** How soon a change of the rules is noticed of which nobody tells, such as an edit of their file. */
const LOOK_MS = 250;

export interface OpenPassagesParts {
  readonly policyOf: (pod: PodId) => CompiledPolicy;
  readonly ports: Pick<DialPorts, "hostAddresses">;
}

/** The passages that were allowed and are open: what the rules have come to deny is ended. */
export interface OpenPassages extends Disposable {
  /** Keep an allowed connection in view until it is over. Decide, and call this, without waiting in between. */
  begin(connection: Omit<Passage, "use">): Passage;
  /** Ask the policy about everything that is open, now. */
  reconsider(): void;
}

interface Used {
  readonly address: string | undefined;
  readonly request: HttpRequest | undefined;
}

interface Open {
  readonly passage: Passage;
  /** Ends the passage. */
  readonly revoke: AbortController;
  /** Where bytes of it go, by connection. */
  readonly upstreams: Map<Socket, Used>;
}

/** What is open of one pod, and the policy that last found it to be allowed. */
interface OfPod {
  readonly open: Set<Open>;
  seen: CompiledPolicy | undefined;
}

export function createOpenPassages(parts: OpenPassagesParts): OpenPassages {
  const all = new Map<PodId, OfPod>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    for (const [pod, of] of all) {
      const policy = policyNow(pod, parts);
      if (policy !== undefined && policy === of.seen) continue;
      of.seen = policy;
      for (const open of of.open) reconsider(open, parts);
    }
  };
  const keep = (open: Open): void => {
    const { pod, socket } = open.passage;
    const of = all.get(pod) ?? { open: new Set<Open>(), seen: policyNow(pod, parts) };
    all.set(pod, of);
    of.open.add(open);
    timer ??= setInterval(look, LOOK_MS).unref();
    socket.once("close", () => {
      of.open.delete(open);
      if (of.open.size === 0) all.delete(pod);
      if (all.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
  };
  return {
    begin(connection) {
      const revoke = new AbortController();
      const upstreams = new Map<Socket, Used>();
      const passage: Passage = {
        ...connection,
        signal: AbortSignal.any([connection.signal, revoke.signal]),
        gone: AbortSignal.any([connection.gone, revoke.signal]),
        use(address, upstream, request) {
          upstreams.set(upstream, { address, request });
          upstream.once("close", () => upstreams.delete(upstream));
          return judge(open, parts);
        },
      };
      const open: Open = { passage, revoke, upstreams };
      keep(open);
      return passage;
    },
    reconsider() {
      for (const { open } of all.values()) for (const one of open) reconsider(one, parts);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}

function reconsider(open: Open, parts: OpenPassagesParts): void {
  const { passage, revoke, upstreams } = open;
  // What is asked about at each request is refused readably: only one that is under way has to be ended.
  if (revoke.signal.aborted || ((passage.destination.port === 80 || passage.judged) && upstreams.size === 0)) return;
  const verdict = judge(open, parts);
  if (verdict === undefined) return;
  deny(passage, { ...verdict, reason: `${verdict.reason}; the connection was open and is ended` });
  revoke.abort("denied");
  reset(passage.socket);
}

/** Why the policy denies a passage now: for its destination, or for an address to which it goes. */
function judge({ passage: { pod, destination }, upstreams }: Open, parts: OpenPassagesParts): Verdict | undefined {
  const policy = policyNow(pod, parts);
  if (policy === undefined) return NO_RULES;
  const decision = decideConnection(policy, destination);
  if (decision.effect === "deny") return decision;
  const own = parts.ports.hostAddresses();
  for (const { address, request } of upstreams.values()) {
    const refusal = address === undefined ? undefined : whyNotDialled(address, destination, { policy, own });
    if (refusal !== undefined) return { rule: decision.rule, ...refusal };
    const verdict = decision.requests ? judgeRequest(policy, destination, request) : undefined;
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** Of what was passed as a whole nobody can say which requests are in it. */
function judgeRequest(policy: CompiledPolicy, destination: Destination, request: HttpRequest | undefined): Verdict | undefined {
  if (request === undefined) return { reason: "rules are about single requests there now, which this connection hides" };
  const decision = decideRequest(policy, destination, request);
  return decision.effect === "deny" ? decision : undefined;
}

/** `undefined` when there is none to go by: then everything is denied. */
function policyNow(pod: PodId, { policyOf }: OpenPassagesParts): CompiledPolicy | undefined {
  try {
    return policyOf(pod);
  } catch {
    return undefined;
  }
}
