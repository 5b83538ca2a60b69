import type { Engine } from "@sbx/core";

/** Connects to the engine when it is first needed, and again after a failure. */
export function keepEngine(connect: () => Promise<Engine>): () => Promise<Engine> {
  let current: Promise<Engine> | undefined;
  return () => {
    current ??= connect().catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  };
}
