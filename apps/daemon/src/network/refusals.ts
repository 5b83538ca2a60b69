import type { PodId, RecordPodEvent } from "@sbx/contracts";
import { decide, type CompiledPolicy } from "@sbx/egress-policy";

/** A program that tries again and again is one line a minute. */
const QUIET_MS = 60_000;
/** Names remembered for that, for each pod. */
const MAX_NAMES = 1024;
/** The port that stands for "any" in the reason: what no rule can allow on any port is not allowed on this one. */
const USUAL_PORT = 443;

interface RefusalParts {
  readonly pod: PodId;
  /** Narrows the command of the fix to this pod. */
  readonly scope: () => string | undefined;
  readonly policy: () => CompiledPolicy;
  readonly record: RecordPodEvent;
  readonly now: () => number;
}

/**
 * Record names that were asked for and cannot be reached. Their connections never arrive here, except on port 80, which
 * the wall refuses and records itself.
 */
export function recordRefusals({ pod, scope, policy, record, now }: RefusalParts): (asked: string) => void {
  const last = new Map<string, number>();
  return (asked) => {
    const before = last.get(asked);
    if (before !== undefined && now() - before < QUIET_MS) return;
    if (last.size >= MAX_NAMES) last.clear();
    last.set(asked, now());
    const narrowed = scope();
    const { rule, reason, fix } = decide(policy(), { kind: "name", name: asked, port: USUAL_PORT });
    record({
      type: "egress.denied",
      pod,
      fields: {
        to: asked,
        rule: rule?.id ?? null,
        reason: reason.replace(`:${USUAL_PORT}`, ""),
        ...(narrowed === undefined || (rule === undefined && fix === undefined) ? {} : { fix: `sbx policy allow ${asked} ${narrowed}` }),
      },
    });
  };
}
