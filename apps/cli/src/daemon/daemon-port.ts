import type { DaemonPort, Environment } from "../context.ts";
import { daemonPaths } from "./daemon-paths.ts";

/** The daemon of this user. What it takes to talk to it is loaded when it is first asked for. */
export function createDaemonPort({ env, home }: { readonly env: Environment; readonly home: string }): DaemonPort {
  const paths = daemonPaths(env, home);
  const find: DaemonPort["find"] = async () => {
    const [{ checkStateDirectory }, { isListening }, { createConnection }] = await Promise.all([import("./state-directory.ts"), import("./is-listening.ts"), import("./connection.ts")]);
    await checkStateDirectory(paths.stateDirectory);
    return (await isListening(paths.socket)) ? createConnection(paths.socket) : undefined;
  };
  return {
    paths,
    find,
    connect: async () => {
      const found = await find();
      if (found !== undefined) return found;
      const [{ startDaemon }, { createConnection }] = await Promise.all([import("./start-daemon.ts"), import("./connection.ts")]);
      await startDaemon({ paths, env });
      return createConnection(paths.socket);
    },
  };
}
