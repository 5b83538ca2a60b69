import { fileURLToPath } from "node:url";
import { ServerEntry } from "@sbx/contracts";
import { createGateway, startHttpGateway, type HttpGateway } from "@sbx/mcp-gateway";
import { processRunner } from "./process-runner.ts";

const FIXTURE = fileURLToPath(new URL("./fixture-server.ts", import.meta.url));

/** Start the gateway in front of the fixture server. The suite can show no token, so it is let in without one. */
export async function startFront(): Promise<HttpGateway> {
  const entry = ServerEntry.parse({ name: "fixture", source: { kind: "image", image: "fixture" } });
  const gateway = createGateway({
    catalog: { find: (name) => (name === entry.name ? entry : undefined), search: () => [{ entry }], configProblems: () => [] },
    policy: { judge: () => ({ effect: "allow" }), agree: () => undefined, missingSecrets: async () => await Promise.resolve([]) },
    state: { servers: () => [{ name: entry.name, config: {} }], put: () => undefined, forget: () => undefined, profile: () => undefined, putProfile: () => undefined },
    runner: processRunner(process.execPath, ["--conditions=@sbx/source", FIXTURE]),
    remote: { connect: async () => await Promise.reject(new Error("the fixture is a local server")) },
    record: () => undefined,
    onFault: (error) => {
      process.stderr.write(`fault of the gateway: ${String(error)}\n`);
    },
    // The suite tests that questions to the client's model come through; elsewhere they are refused.
    sampling: "forward",
    // The suite's sessions are short, and each scenario opens new ones without ending them.
    limits: { sessionsPerScope: 512 },
  });
  const listener = await startHttpGateway({ gateway, host: "127.0.0.1", port: 0, token: () => undefined, allowUnauthenticated: true });
  return {
    ...listener,
    [Symbol.asyncDispose]: async () => {
      await listener[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}
