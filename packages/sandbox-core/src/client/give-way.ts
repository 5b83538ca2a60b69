import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { DaemonPaths } from "./daemon-port.ts";
import { isListening } from "./is-listening.ts";

const PATIENCE_MS = 15_000;

/** What is asked of a daemon for that. */
interface Daemon {
  readonly client: Pick<Client, "shutdown"> & { readonly status: (nothing: Parameters<Client["status"]>[0]) => Promise<{ readonly pid: number }> };
}

/**
 * Ask a daemon to end and wait until it has. Its sandboxes go on: the next daemon takes their networks back, and what
 * they dial until then waits in the kernel.
 * @throws AppError `DAEMON_BUSY` when it has not ended after 15 s
 */
export async function giveWay({ client }: Daemon, { socket }: Pick<DaemonPaths, "socket">): Promise<void> {
  const { pid } = await client.status({});
  // One that has ended before its answer arrived did what it was asked.
  await client.shutdown({}).catch((error: unknown) => {
    if (!AppError.is(error) || error.code !== "DAEMON_UNREACHABLE") throw error;
  });
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
