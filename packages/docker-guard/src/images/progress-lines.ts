import { Readable } from "node:stream";
import type { Guard } from "../guard.ts";
import { Refusal } from "../refusal.ts";
import type { Answer } from "../http/answer.ts";

/** How far something is, in the engine's own words for one layer or for all. */
export interface ProgressLine {
  readonly status: string;
  readonly id?: string;
  readonly current?: number;
  readonly total?: number;
}

/** Tells how far a pull or a push is, line by line. */
export interface ProgressLines {
  readonly tell: (line: ProgressLine) => void;
  /** For programs that read what became of a push. */
  readonly tellResult: (aux: unknown) => void;
}

/** Do work while its lines of JSON are sent, as an engine does. What fails before the first one is an ordinary refusal, afterwards a line. */
export async function withProgress({ parts: { onFault } }: Pick<Guard, "parts">, gone: AbortSignal, work: (lines: ProgressLines) => Promise<void>): Promise<Answer> {
  const out = new Readable({ read: () => undefined });
  const { promise: begun, resolve: begin, reject: fail } = Promise.withResolvers<undefined>();
  let started = false;
  const push = (line: unknown): void => {
    if (!out.destroyed) out.push(line === null ? null : `${JSON.stringify(line)}\r\n`);
    started = true;
    begin(undefined);
  };
  const failed = (error: unknown): void => {
    if (!started) return fail(error);
    if (!(error instanceof Refusal) && !gone.aborted) onFault(error);
    const message = error instanceof Refusal ? error.message : "the guard failed; the daemon's log says how";
    push({ errorDetail: { message }, error: message });
    push(null);
  };
  work({ tell: (line) => push(formOf(line)), tellResult: (aux) => push({ progressDetail: {}, aux }) }).then(() => push(null), failed);
  await begun;
  return { kind: "stream", type: "application/json", body: out };
}

function formOf({ status, id, current, total }: ProgressLine): unknown {
  return { status, ...(id === undefined ? {} : { id }), progressDetail: current === undefined ? {} : { current, ...(total === undefined ? {} : { total }) } };
}
