import { createInterceptors, type InterceptorOptions } from "../../src/interceptors/create-interceptors.ts";
import { parseInterceptor } from "../../src/interceptors/parse-interceptor.ts";
import type { ToolCall, ToolResult } from "../../src/interceptors/tool-call.ts";
import type { ToolInterceptor } from "../../src/ports.ts";

export const aCall = (args: Readonly<Record<string, unknown>> = {}): ToolCall => ({ server: "files", name: "read", arguments: args });
export const text = (value: string): ToolResult => ({ content: [{ type: "text", text: value }] });

/** Put interceptors around a server, in the way of the gateway. `reached` tells which calls the server got. */
export async function pass(
  interceptors: readonly ToolInterceptor[],
  call: ToolCall,
  serve: (call: ToolCall) => Promise<ToolResult>,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ result: ToolResult; reached: readonly ToolCall[] }> {
  const reached: ToolCall[] = [];
  const go = async (at: number, given: ToolCall): Promise<ToolResult> => {
    const interceptor = interceptors[at];
    if (interceptor !== undefined) return interceptor.around(given, { caller: { kind: "host", scope: "test" }, signal, next: async (changed) => go(at + 1, changed) });
    reached.push(given);
    return serve(given);
  };
  return { result: await go(0, call), reached };
}

export const interceptors = (flags: readonly string[], options: Partial<InterceptorOptions> = {}): readonly ToolInterceptor[] =>
  createInterceptors({ custom: flags.map(parseInterceptor), blockSecrets: false, env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, ...options });
