import path from "node:path";
import type { DaemonPaths, Environment } from "./daemon-port.ts";

/** Where the daemon keeps its things: `SBX_STATE_DIR`, else `$XDG_STATE_HOME/sbx`, else `~/.local/state/sbx`. */
export function daemonPaths(env: Environment, home: string): DaemonPaths {
  const stateDirectory = path.resolve(env["SBX_STATE_DIR"] ?? path.join(env["XDG_STATE_HOME"] ?? path.join(home, ".local", "state"), "sbx"));
  return { stateDirectory, socket: path.join(stateDirectory, "sbxd.sock"), log: path.join(stateDirectory, "logs", "sbxd.log") };
}
