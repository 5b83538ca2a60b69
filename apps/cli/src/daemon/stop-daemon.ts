import { AppError } from "@sbx/contracts";
import type { Context } from "../context.ts";

const STOP_TIMEOUT_MS = 15_000;

/** Ask the daemon to end and wait until nobody listens any more. One that does not run is stopped already. */
export async function stopDaemon({ daemon, io, now, sleep }: Context): Promise<void> {
  const connection = await daemon.find();
  if (connection === undefined) {
    io.out("it does not run\n");
    return;
  }
  const { pid } = await connection.client.status({});
  await connection.client.shutdown({});
  const end = now() + STOP_TIMEOUT_MS;
  while (now() < end) {
    if ((await daemon.find()) === undefined) {
      io.out("stopped\n");
      return;
    }
    await sleep(25);
  }
  throw new AppError("DAEMON_BUSY", { message: `The daemon (pid ${pid}) did not end within ${STOP_TIMEOUT_MS / 1000} s`, fix: `Look into its log with: sbx daemon logs; or end it with: kill ${pid}` });
}
