/** What a hook is given and what it said; an empty text passes. */
export type RunHook = (input: string, signal: AbortSignal) => Promise<string>;

/** Why a hook gave no answer that counts. Its message ends a sentence: `it ended with exit code 3`. */
export class HookFailed extends Error {}

/** What bounds every hook. */
export interface HookLimits {
  readonly timeoutMs: number;
  readonly outputBytes: number;
}

/** A hook sits in the way of every call, so it is to be quick. */
export const HOOK_LIMITS: HookLimits = { timeoutMs: 15_000, outputBytes: 4 << 20 };
