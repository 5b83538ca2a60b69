import { AppError, type DaemonStatus, type VaultStatus } from "@sbx/contracts";
import type { Engine, LiveSandbox } from "@sbx/core";
import { databaseFile, type DaemonConfig } from "./config.ts";
import { daemonHealth } from "./daemon-health.ts";
import { programVersion } from "./program-version.ts";

/** What `sbx daemon status` shows. The engine is asked anew by `connect`: one that answered once may be gone. */
export async function daemonStatus({
  config,
  connect,
  sandboxes,
  vault,
  lostEvents,
  startedAt,
}: {
  readonly config: DaemonConfig;
  readonly connect: () => Promise<Engine>;
  readonly sandboxes: readonly LiveSandbox[];
  readonly vault: () => Promise<VaultStatus>;
  readonly lostEvents: number;
  readonly startedAt: Date;
}): Promise<DaemonStatus> {
  const [engine, keeps] = await Promise.all([engineStatus(connect), vault()]);
  return {
    version: programVersion(),
    pid: config.beside?.pid ?? process.pid,
    startedAt: startedAt.toISOString(),
    socket: config.beside?.socket ?? config.socketPath,
    stateDirectory: config.stateDirectory,
    memoryBytes: process.memoryUsage().rss,
    sandboxes: sandboxes.length,
    engine,
    ...(config.beside === undefined ? {} : { beside: config.beside }),
    parts: daemonHealth({ engine, vault: keeps, sandboxes, lostEvents, database: databaseFile(config) }),
  };
}

async function engineStatus(connect: () => Promise<Engine>): Promise<DaemonStatus["engine"]> {
  try {
    const { name, version, apiVersion, endpoint } = (await connect()).info;
    return { reachable: true, name, version, apiVersion, endpoint };
  } catch (error) {
    if (AppError.is(error)) return { reachable: false, message: error.message, fix: error.fix };
    throw error;
  }
}
