import { isSandboxId, type EventFields, type PodId, type RecordPodEvent, type Rule, type SandboxId } from "@sbx/contracts";

export interface Denial {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly to: string;
  readonly reason: string;
  readonly rule?: string | undefined;
  readonly fix?: string | undefined;
}

/** What one connection wanted and what became of it. */
export interface Outcome {
  readonly to: string;
  readonly port: number;
  readonly rule?: Rule | undefined;
  readonly reason: string;
  readonly fix?: string | undefined;
}

/** The one place where the wall records: events for everybody, and each sandbox's last denials for its own page. */
export interface Records {
  allowed(pod: PodId, outcome: Outcome, bytes: { readonly bytesIn: number; readonly bytesOut: number }): void;
  denied(pod: PodId, outcome: Outcome): void;
  failed(pod: PodId, outcome: Outcome): void;
  denials(sandbox: SandboxId): readonly Denial[];
  forget(sandbox: SandboxId): void;
}

const KEPT_DENIALS = 50;

export function createRecords(record: RecordPodEvent, now: () => Date): Records {
  const last = new Map<SandboxId, Denial[]>();
  const fieldsOf = ({ to, port, rule, reason }: Outcome): EventFields => ({ to, port, rule: rule?.id ?? null, reason });
  return {
    allowed(pod, outcome, bytes) {
      record({ type: "egress.allowed", pod, fields: { ...fieldsOf(outcome), ...bytes } });
    },
    denied(pod, outcome) {
      const { to, port, reason, rule, fix } = outcome;
      if (isSandboxId(pod)) {
        const denials = last.get(pod) ?? [];
        denials.push({ at: now().toISOString(), to: `${to}:${port}`, reason, rule: rule?.id, fix });
        last.set(pod, denials.slice(-KEPT_DENIALS));
      }
      record({ type: "egress.denied", pod, fields: { ...fieldsOf(outcome), ...(fix === undefined ? {} : { fix }) } });
    },
    failed(pod, outcome) {
      record({ type: "egress.failed", pod, fields: fieldsOf(outcome) });
    },
    denials: (sandbox) => last.get(sandbox) ?? [],
    forget(sandbox) {
      last.delete(sandbox);
    },
  };
}
