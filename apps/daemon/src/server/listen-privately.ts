import { once } from "node:events";
import { chmodSync, existsSync, unlinkSync } from "node:fs";
import type { Server } from "node:net";

/** Have a server listen on a unix socket that its owner alone may open (0600), in place of one that was left there. */
export async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  if (existsSync(socketPath)) unlinkSync(socketPath);
  // The directory is 0700 already; the mask closes the moment between bind and chmod.
  const mask = process.umask(0o177);
  try {
    server.listen(socketPath);
    await once(server, "listening");
  } finally {
    process.umask(mask);
  }
  chmodSync(socketPath, 0o600);
}
