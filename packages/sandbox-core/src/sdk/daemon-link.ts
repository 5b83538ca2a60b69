import type { Connection, DaemonPort } from "../client/daemon-port.ts";

/** How a sandbox of the SDK reaches the daemon: the one that runs, or one that is started now. */
export type DaemonLink = () => Promise<Connection>;

/**
 * Reach the daemon again and again. The first time, one of an older version gives way to the one that is installed; later on
 * the one that runs is taken, and one is started only where none does.
 */
export function createLink(port: () => DaemonPort): DaemonLink {
  let reached = false;
  return async () => {
    const here = port();
    const connection = (reached ? await here.find() : undefined) ?? (await here.connect());
    reached = true;
    return connection;
  };
}
