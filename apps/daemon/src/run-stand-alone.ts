import { AppError } from "@sbx/contracts";
import { runDockerGuard, type RunDockerGuard } from "./docker/run-docker-guard.ts";
import { createLog } from "./log.ts";

/** Serve a Docker API without a daemon until the controller fires. It says on standard output where it is. @returns the exit code */
export async function runStandAlone({ socket, shutdown, ...parts }: Pick<RunDockerGuard, "socket" | "policyFile" | "environment"> & { readonly shutdown: AbortController }): Promise<number> {
  const log = createLog();
  try {
    await runDockerGuard({ ...parts, socket, log, ready: () => void process.stdout.write(`unix://${socket}\n`) }, shutdown.signal);
    return 0;
  } catch (error) {
    process.stderr.write(AppError.is(error) ? `sbx: ${error.message}\nfix: ${error.fix}\n` : `sbx: ${String(error)}\n`);
    return 1;
  }
}
