import type { FunctionName } from "./function-names.ts";
import type { CodeModeLimits } from "./limits.ts";

/** The part of WebAssembly that is used here; the types for Node name it without saying what it is. */
declare global {
  namespace WebAssembly {
    interface Memory {
      readonly buffer: ArrayBuffer;
    }
    const Memory: new (size: { readonly initial: number; readonly maximum: number }) => Memory;
    function compile(bytes: Uint8Array): Promise<Module>;
  }
}

/** Given to the thread when it starts. */
export interface WorkerSetup {
  readonly wasm: WebAssembly.Module;
  readonly memoryBytes: number;
  /** Counter that moves with each message to the thread, then 1 while the thread waits for one. */
  readonly signals: SharedArrayBuffer;
}

/** Places in the shared signals. */
export const SENT = 0;
export const WAITING = 1;

/** From the gateway to the thread. An answer is the text of a tool, or why there is none. */
export type ToWorker =
  | { readonly kind: "run"; readonly script: string; readonly functions: readonly FunctionName[]; readonly limits: CodeModeLimits }
  | { readonly kind: "answer"; readonly id: number; readonly text: string }
  | { readonly kind: "failed"; readonly id: number; readonly error: string }
  | { readonly kind: "stop"; readonly because: StopReason };

/** Which limit ended a run. */
export type StopReason = "wall" | "cpu" | "memory" | "calls" | "nesting";

/** How a run ended. `value` is the returned text, `undefined` when nothing was returned. */
export type Outcome = { readonly console: string; readonly dropped: number } & (
  | { readonly kind: "returned"; readonly value: string | undefined }
  | { readonly kind: "threw"; readonly message: string; readonly line: number | undefined }
  | { readonly kind: "stopped"; readonly because: StopReason }
);

/** From the thread to the gateway. `arguments` is JSON that the script made. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "call"; readonly id: number; readonly name: string; readonly arguments: string }
  | { readonly kind: "done"; readonly outcome: Outcome };
