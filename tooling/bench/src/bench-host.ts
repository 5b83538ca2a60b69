import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "@sbx/contracts";
import { connectDaemon } from "./daemon-client.ts";
import { connectEngineApi, type EngineApi } from "./engine-api.ts";
import { runProgram } from "./run-program.ts";

/** A daemon of the bench's own, with its state under /tmp, and what is used to ask it for work. */
export interface BenchHost extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly socketPath: string;
  /** Where the daemon keeps its state. */
  readonly stateDirectory: string;
  /** The engine's own socket. */
  readonly engineSocket: string;
  readonly client: Client;
  readonly engine: EngineApi;
  /** Run the command `sbx` as a person does; gives its output. */
  sbx(args: readonly string[], cwd: string): Promise<string>;
  /** A new empty directory. */
  workspace(): string;
}

const SBX = fileURLToPath(new URL("../../../apps/cli/bin/sbx.mjs", import.meta.url));
const DEFAULT_ENGINE = "/var/run/docker.sock";

/** Start a daemon. Disposing removes its sandboxes, the daemon and every file. */
export async function openBenchHost(): Promise<BenchHost> {
  const root = mkdtempSync("/tmp/sbx-bench-");
  chmodSync(root, 0o755);
  const env = { ...definedOf(process.env), SBX_STATE_DIR: path.join(root, "state"), SBX_CONFIG_DIR: path.join(root, "config") };
  const socketPath = path.join(env.SBX_STATE_DIR, "sbxd.sock");
  const sbx: BenchHost["sbx"] = (args, cwd) => runProgram(process.execPath, [SBX, ...args], { cwd, env });
  let made = 0;
  await sbx(["daemon", "start"], root);
  return {
    env,
    socketPath,
    stateDirectory: env.SBX_STATE_DIR,
    engineSocket: engineSocket(process.env["DOCKER_HOST"]),
    client: connectDaemon(socketPath),
    engine: connectEngineApi(engineSocket(process.env["DOCKER_HOST"])),
    sbx,
    workspace() {
      made += 1;
      const directory = path.join(root, `w${made}`);
      mkdirSync(directory);
      return directory;
    },
    async [Symbol.asyncDispose]() {
      await sbx(["rm", "--all", "--force"], root);
      await sbx(["daemon", "stop"], root);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function engineSocket(dockerHost: string | undefined): string {
  return dockerHost?.startsWith("unix://") === true ? dockerHost.slice("unix://".length) : DEFAULT_ENGINE;
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
