import type { Client, SandboxStats } from "@sbx/contracts";
import type { Context } from "./context.ts";
import { show, table } from "./show.ts";

/** Between two looks: long enough for a share of the processor that means something. */
const PAUSE_MS = 1000;
const SHORT_PAUSE_MS = 500;

/** One sandbox in the listing: what it uses, and its share of a processor in percent. */
type Row = SandboxStats & { readonly cpuPercent: number };

/** `sbx stats`: look twice, print; with `live` again and again until a signal. */
export async function showStats(context: Context, refs: readonly string[], { live, json }: { readonly live: boolean; readonly json: boolean }): Promise<void> {
  const { client } = await context.daemon.connect();
  const stop = new AbortController();
  const release = context.onSignal(() => {
    stop.abort();
  });
  try {
    let before = await look(client, refs);
    await context.sleep(SHORT_PAUSE_MS, stop.signal).catch(() => undefined);
    do {
      const now = await look(client, refs);
      const rows = now.map((one) => ({
        ...one,
        cpuPercent: cpuPercent(
          before.find(({ id }) => id === one.id),
          one,
        ),
      }));
      if (live && context.io.isTerminal.stdout && !json) context.io.out("\u001B[H\u001B[J");
      show(context.io, json, { result: rows, lines });
      before = now;
      if (live) await context.sleep(PAUSE_MS, stop.signal).catch(() => undefined);
    } while (live && !stop.signal.aborted);
  } finally {
    release();
  }
}

async function look(client: Client, refs: readonly string[]): Promise<readonly SandboxStats[]> {
  if (refs.length === 0) return (await client.sandboxStats({})).filter(({ usage }) => usage !== undefined);
  return (await Promise.all(refs.map((sandbox) => client.sandboxStats({ sandbox })))).flat();
}

/** Share of one processor between two looks, in percent with one decimal. */
export function cpuPercent(before: SandboxStats | undefined, now: SandboxStats): number {
  const ms = before === undefined ? 0 : Date.parse(now.at) - Date.parse(before.at);
  if (before?.usage === undefined || now.usage === undefined || ms <= 0) return 0;
  return Math.max(0, Math.round((now.usage.cpuNanoseconds - before.usage.cpuNanoseconds) / ms / 1000) / 10);
}

function lines(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return ["No sandbox runs."];
  return table(
    ["NAME", "CPU %", "MEMORY / LIMIT", "PIDS", "IN / OUT", "REFUSED", "TOKENS IN / OUT"],
    rows.map(({ name, cpuPercent: cpu, usage, network, model }) => [
      name,
      usage === undefined ? "-" : cpu.toFixed(1),
      usage === undefined ? "-" : `${size(usage.memoryBytes)} / ${size(usage.memoryLimitBytes)}`,
      usage === undefined ? "-" : String(usage.pids),
      `${size(network.bytesIn)} / ${size(network.bytesOut)}`,
      String(network.refused),
      `${model.inputTokens} / ${model.outputTokens}`,
    ]),
  );
}

/** "1.5 GiB": three digits at most. */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}
