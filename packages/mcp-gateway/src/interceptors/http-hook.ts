import { Readable } from "node:stream";
import { collect } from "./exec-hook.ts";
import { HookFailed, type HookLimits, type RunHook } from "./hook.ts";

/** Post the message to an address; the body of a good answer is what the hook said. No redirect is followed. */
export function httpHook(url: string, { timeoutMs, outputBytes }: HookLimits): RunHook {
  return async (input, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { method: "POST", body: input, headers: { "content-type": "application/json" }, redirect: "error", signal: AbortSignal.any([signal, timeout]) });
      if (!response.ok) throw new HookFailed(`it answered with status ${response.status}`);
      return response.body === null ? "" : await collect(Readable.fromWeb(response.body), outputBytes);
    } catch (error) {
      if (error instanceof HookFailed || signal.aborted) throw error;
      throw new HookFailed(timeout.aborted ? `it took longer than ${timeoutMs} ms` : "it could not be reached", { cause: error });
    }
  };
}
