import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@sbx/contracts";
import type { Connection, DaemonPaths } from "./daemon-port.ts";
import { isListening } from "./is-listening.ts";

const PATIENCE_MS = 15_000;

/**
 * Ask a daemon to end and wait until it has. Its sandboxes go on: the next daemon takes their networks back, and what
 * they dial until then waits in the kernel.
 * @throws AppError `DAEMON_BUSY` when it has not ended after 15 s
 */
export async function giveWay(connection: Connection, { socket }: DaemonPaths): Promise<void> {
  const { pid } = await connection.client.status({});
  await connection.client.shutdown({});
  const end = performance.now() + PATIENCE_MS;
  while (await isListening(socket)) {
    if (performance.now() > end) {
      throw new AppError("DAEMON_BUSY", {
        message: `The daemon (pid ${pid}) did not end within ${PATIENCE_MS / 1000} s`,
        fix: `Look into its log with: sbx daemon logs; or end it with: kill ${pid}`,
      });
    }
    await sleep(25);
  }
}
