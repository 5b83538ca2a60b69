import type { McpClient } from "./mcp-client.ts";
import { quantile } from "./statistics.ts";

/** How calls went that were made so many at a time. */
export interface LoadResult {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

/** Call `echo` so often, so many at a time; every answer is looked at. */
export async function loadCalls(client: McpClient, { calls, atOnce }: { readonly calls: number; readonly atOnce: number }): Promise<LoadResult> {
  const times: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      next += 1;
      const text = `text number ${next} of the bench`;
      const began = performance.now();
      const answer = await client.ask("tools/call", { name: "echo", arguments: { text } });
      times.push(performance.now() - began);
      if (!answer.includes(text)) throw new Error(`a call of echo was answered with ${answer.slice(0, 200)}`);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: atOnce }, worker));
  const seconds = (performance.now() - began) / 1000;
  return { medianMs: quantile(times, 0.5), p99Ms: quantile(times, 0.99), perSecond: calls / seconds };
}
