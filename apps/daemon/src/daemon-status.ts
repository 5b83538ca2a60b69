import { AppError, type DaemonStatus } from "@sbx/contracts";
import type { Engine } from "@sbx/core";
import type { DaemonConfig } from "./config.ts";
import { programVersion } from "./program-version.ts";

/** What `sbx daemon status` shows. The engine is asked anew by `connect`: one that answered once may be gone. */
export async function daemonStatus({
  config,
  connect,
  sandboxes,
  startedAt,
}: {
  readonly config: DaemonConfig;
  readonly connect: () => Promise<Engine>;
  readonly sandboxes: number;
  readonly startedAt: Date;
}): Promise<DaemonStatus> {
  return {
    version: programVersion(),
    pid: process.pid,
    startedAt: startedAt.toISOString(),
    socket: config.socketPath,
    stateDirectory: config.stateDirectory,
    memoryBytes: process.memoryUsage().rss,
    sandboxes,
    engine: await engineStatus(connect),
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
