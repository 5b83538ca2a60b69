import { parseArgs } from "node:util";
import { runDaemon } from "./run-daemon.ts";
import { shutdownSignal } from "./shutdown-signal.ts";

const { values } = parseArgs({ options: { "ready-fd": { type: "string" }, "docker-guard": { type: "string" }, "docker-policy": { type: "string" } }, strict: true });
const { "ready-fd": readyDescriptor, "docker-guard": socket, "docker-policy": policyFile = "" } = values;
const shared = { environment: process.env, shutdown: shutdownSignal() };
// Whatever still waits for an answer of the engine is not waited for.
process.exit(
  socket === undefined
    ? await runDaemon({ ...shared, program: process.argv[1] ?? "", readyDescriptor: readyDescriptor === undefined ? undefined : Number(readyDescriptor) })
    : await (await import("./run-stand-alone.ts")).runStandAlone({ ...shared, socket, policyFile }),
);
