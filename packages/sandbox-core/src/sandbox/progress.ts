import type { RecordEvent, SandboxId } from "@sbx/contracts";

/** Runs named steps and tells how each goes, as `sandbox.progress` events. */
export interface Progress {
  step<T>(name: string, work: (line: (text: string) => void) => Promise<T>): Promise<T>;
}

/** Report under the caller's operation, so that it can tell its own steps from another's. */
export function createProgress({
  record,
  operation,
  sandbox,
  now,
}: {
  readonly record: RecordEvent;
  readonly operation: string;
  readonly sandbox: SandboxId | undefined;
  readonly now: () => Date;
}): Progress {
  const tell = (step: string, state: string, more: Record<string, string | number> = {}): void => {
    record({ type: "sandbox.progress", ...(sandbox === undefined ? {} : { sandbox }), fields: { operation, step, state, ...more } });
  };
  return {
    async step(name, work) {
      const began = now().getTime();
      tell(name, "started");
      try {
        const result = await work((text) => {
          tell(name, "line", { text: text.slice(0, 500) });
        });
        tell(name, "done", { ms: now().getTime() - began });
        return result;
      } catch (error) {
        tell(name, "failed", { ms: now().getTime() - began });
        throw error;
      }
    },
  };
}
