import { open, stat } from "node:fs/promises";
import { AppError } from "@sbx/contracts/app-error";
import { cleanLines } from "../clean-text.ts";
import type { Context } from "../context.ts";

const TAIL_BYTES = 32 << 10;
const POLL_MS = 250;

/** Print the end of the log, needing no daemon, and go on with what is written when asked. A log that was rotated is begun anew. */
export async function showLog({ daemon, io, sleep }: Context, follow: boolean): Promise<void> {
  const { log } = daemon.paths;
  const size = await sizeOf(log);
  if (size === undefined && !follow) throw new AppError("DAEMON_UNREACHABLE", { message: `There is no log yet at ${log}`, fix: "Start the daemon with: sbx daemon start" });
  let position = Math.max(0, (size ?? 0) - TAIL_BYTES);
  for (;;) {
    const now = (await sizeOf(log)) ?? 0;
    if (now < position) position = 0;
    if (now > position) {
      const text = await readRange(log, position, now - position);
      io.out(io.isTerminal.stdout ? cleanLines(text) : text);
      position = now;
    }
    if (!follow) return;
    await sleep(POLL_MS);
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  return await stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function readRange(file: string, position: number, length: number): Promise<string> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead).toString("utf8");
}
