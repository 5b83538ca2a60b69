import type { ByteBudget } from "../byte-budget.ts";
import { JsonRefused } from "@sbx/contracts";
import type { Json } from "../jsonrpc/json.ts";
import { JsonReader } from "./json-reader.ts";
import { Spool } from "./spool.ts";

/** A line of JSON that is read while it comes. */
export interface LargeLine {
  /** Bytes that are not put aside yet. */
  readonly spool: Spool;
  /** @throws Error when it can be no document, or is more than may be held */
  push(chunk: Buffer): void;
  /** @throws JsonRefused */
  end(): Json;
  /** Give back what was taken to read it; its large texts stay. */
  release(): void;
}

/** How lines are read that are too long to be held. */
export interface LargeLines {
  /** From so many bytes on a line is read while it comes. */
  readonly fromBytes: number;
  readonly maxBytes: number;
  readonly open: () => LargeLine;
}

export interface LargeLinesOptions {
  readonly directory: string;
  /** What is held, and what is put aside. */
  readonly held: ByteBudget;
  readonly aside: ByteBudget;
  readonly limits: { readonly messageBytes: number; readonly largeBytes: number };
}

const FROM_BYTES = 1 << 20;
const STEP_BYTES = 256 * 1024;
const MAX_DEPTH = 100;

/** Read long lines while they come, their large texts put aside in files of a directory. */
export function largeLines({ directory, held, aside, limits }: LargeLinesOptions): LargeLines {
  return {
    fromBytes: FROM_BYTES,
    maxBytes: limits.largeBytes,
    open: () => {
      const spool = new Spool(directory, aside);
      let taken = 0;
      const hold = (bytes: number): void => {
        if (bytes > limits.messageBytes) throw new JsonRefused("more values than can be held");
        if (bytes <= taken) return;
        if (!held.take(STEP_BYTES)) throw new JsonRefused("more than can be held for all");
        taken += STEP_BYTES;
      };
      const reader = new JsonReader(spool, { depth: MAX_DEPTH, hold });
      return {
        spool,
        push: (chunk) => {
          reader.push(chunk);
        },
        end: () => reader.end(),
        release: () => {
          held.give(taken);
          taken = 0;
        },
      };
    },
  };
}
