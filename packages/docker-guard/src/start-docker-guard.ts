import { tmpdir } from "node:os";
import { Guard, type GuardParts } from "./guard.ts";
import { serve } from "./http/serve.ts";
import { GUARD_LIMITS, type GuardLimits } from "./limits.ts";

/** For which sandbox, over which engine and pods, and where the guard listens. */
export interface StartDockerGuard extends Omit<GuardParts, "limits" | "now" | "spool"> {
  /** Path of the unix socket, under 108 bytes; what lies there is replaced. */
  readonly socket: string;
  readonly limits?: Partial<GuardLimits>;
  readonly now?: () => Date;
  /** Directory for what is sent, until it was read: as large as a build's context. The system's own for such things when it is missing. */
  readonly spool?: string;
}

/** A Docker API of one sandbox. Disposing ends every connection and leaves what the sandbox has. */
export interface DockerGuard extends AsyncDisposable {
  /** Value of DOCKER_HOST. */
  readonly host: string;
  /** For how many milliseconds no client has been connected; 0 while one is. */
  readonly unusedMs: () => number;
}

/**
 * Give a sandbox a Docker API that cannot be turned against the host or another sandbox.
 *
 * What the sandbox made before is found again by sealed labels in the engine. Rejects with `ENGINE_UNREACHABLE`.
 */
export async function startDockerGuard({ socket, limits = {}, now = () => new Date(), spool = tmpdir(), ...parts }: StartDockerGuard): Promise<DockerGuard> {
  await using starting = new AsyncDisposableStack();
  const wanted = { ...GUARD_LIMITS, ...limits };
  const { facts } = parts.engine;
  // An engine refuses a limit that its host does not have.
  const possible = { ...wanted, cpus: Math.min(wanted.cpus, facts.cpus), memoryBytes: Math.min(wanted.memoryBytes, facts.memoryBytes) };
  const guard = starting.use(await Guard.open({ ...parts, now, spool, limits: possible }));
  const { unusedMs } = starting.use(await serve(guard, socket));
  const running = starting.move();
  return { host: `unix://${socket}`, unusedMs, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
