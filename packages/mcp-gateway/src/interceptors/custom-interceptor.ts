import type { InterceptionContext, ToolInterceptor } from "../ports.ts";
import { HookFailed, type RunHook } from "./hook.ts";
import type { Interceptor } from "./parse-interceptor.ts";
import { readHookResult } from "./read-hook-result.ts";
import { failedResult, type ToolCall, type ToolResult } from "./tool-call.ts";

/** Have a person's hook look at calls or at results. A hook that fails, in whatever way, fails the call. */
export function customInterceptor({ when, run: { type } }: Interceptor, run: RunHook): ToolInterceptor {
  const name = `${when}:${type}`;
  const around = when === "before" ? lookAtCall : lookAtResult;
  return {
    around: async (call, context) => {
      try {
        return await around(call, context, run);
      } catch (error) {
        if (!(error instanceof HookFailed)) throw error;
        const lost = when === "before" ? `The call of '${call.name}' was not made` : `The result of '${call.name}' is held back`;
        return failedResult(`${lost}: interceptor ${name} failed, because ${error.message}. Tell the person who set it with --interceptor.`);
      }
    },
  };
}

async function lookAtCall(call: ToolCall, { next, signal }: InterceptionContext, run: RunHook): Promise<ToolResult> {
  const answer = readHookResult(await run(JSON.stringify(callMessage(call)), signal));
  return answer ?? (await next(call));
}

async function lookAtResult(call: ToolCall, { next, signal }: InterceptionContext, run: RunHook): Promise<ToolResult> {
  const result = await next(call);
  return readHookResult(await run(JSON.stringify(result), signal)) ?? result;
}

/** The call as a request of the protocol (`.params.arguments`), with the same once more at the top, and its server. */
function callMessage({ server, name, arguments: args, _meta }: ToolCall): Readonly<Record<string, unknown>> {
  const params = { name, arguments: args, ...(_meta === undefined ? {} : { _meta }) };
  return { method: "tools/call", params, ...params, server };
}
