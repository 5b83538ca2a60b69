import type { EventFields, RecordEvent, Rule, SandboxId } from "@sbx/contracts";

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
  allowed(sandbox: SandboxId, outcome: Outcome, bytes: { readonly bytesIn: number; readonly bytesOut: number }): void;
  denied(sandbox: SandboxId, outcome: Outcome): void;
  failed(sandbox: SandboxId, outcome: Outcome): void;
  denials(sandbox: SandboxId): readonly Denial[];
  forget(sandbox: SandboxId): void;
}

const KEPT_DENIALS = 50;

export function createRecords(record: RecordEvent, now: () => Date): Records {
  const last = new Map<SandboxId, Denial[]>();
  const fieldsOf = ({ to, port, rule, reason }: Outcome): EventFields => ({ to, port, rule: rule?.id ?? null, reason });
  return {
    allowed(sandbox, outcome, bytes) {
      record({ type: "egress.allowed", sandbox, fields: { ...fieldsOf(outcome), ...bytes } });
    },
    denied(sandbox, outcome) {
      const { to, port, reason, rule, fix } = outcome;
      const denials = last.get(sandbox) ?? [];
      denials.push({ at: now().toISOString(), to: `${to}:${port}`, reason, rule: rule?.id, fix });
      last.set(sandbox, denials.slice(-KEPT_DENIALS));
      record({ type: "egress.denied", sandbox, fields: { ...fieldsOf(outcome), ...(fix === undefined ? {} : { fix }) } });
    },
    failed(sandbox, outcome) {
      record({ type: "egress.failed", sandbox, fields: fieldsOf(outcome) });
    },
    denials: (sandbox) => last.get(sandbox) ?? [],
    forget(sandbox) {
      last.delete(sandbox);
    },
  };
}
