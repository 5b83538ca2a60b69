import { AppError } from "@sbx/contracts";
import type { ByteBudget } from "../byte-budget.ts";
import type { GatewayLimits } from "../limits.ts";
import type { RemoteServers, ServerPolicy, ServerRunner, StartServer } from "../ports.ts";
import { stdioTransport } from "./stdio-transport.ts";
import type { OpenTransport } from "./transport.ts";

/** What reaches servers: those that run here, and those that somebody else runs. */
export interface ServerReach {
  readonly runner: ServerRunner;
  readonly remote: RemoteServers;
  readonly policy: ServerPolicy;
  readonly budget: ByteBudget;
  readonly aside: ByteBudget;
  readonly asideDirectory: string;
}

/** Give the way to a server: a process of its own, or a connection to where it runs. Policy is asked each time it is opened. */
export function openServer(request: StartServer, { runner, remote, policy, budget, aside, asideDirectory }: ServerReach, limits: GatewayLimits): OpenTransport {
  const { source } = request.entry;
  if (source.kind === "remote") {
    return async (events, signal) => {
      // Loaded when the first such server is used: most sandboxes have none.
      refuseUnlessAllowed(request, policy);
      const { remoteTransport } = await import("./remote-transport.ts");
      return await remoteTransport({ ...(await remote.connect(request)), kind: source.transport, events, limits, budget }, signal);
    };
  }
  return async (events, signal) => {
    refuseUnlessAllowed(request, policy);
    const running = await runner.start(request, signal);
    return stdioTransport(running, events, { limits, budget, aside, asideDirectory });
  };
}

/** Give what brings the parts of a server here before it is started. Policy is asked first: what may not run is not fetched either. */
export function prepareServer(request: StartServer, { runner, policy }: Pick<ServerReach, "runner" | "policy">): (progress: (line: string) => void, signal: AbortSignal) => Promise<void> {
  if (request.entry.source.kind === "remote" || runner.prepare === undefined) return () => Promise.resolve();
  const prepare = runner.prepare.bind(runner);
  return async (progress, signal) => {
    refuseUnlessAllowed(request, policy);
    await prepare(request, { progress, signal });
  };
}

function refuseUnlessAllowed(request: StartServer, policy: ServerPolicy): void {
  const verdict = policy.judge(request);
  if (verdict.effect !== "allow") throw new AppError("SERVER_DENIED", { message: `Server '${request.entry.name}' may not run here: ${verdict.reason}`, fix: verdict.fix });
}
