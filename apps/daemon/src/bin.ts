import { parseArgs } from "node:util";
import { runDaemon } from "./run-daemon.ts";
import { shutdownSignal } from "./shutdown-signal.ts";

const { values } = parseArgs({ options: { "ready-fd": { type: "string" } }, strict: true });
// Whatever still waits for an answer of the engine is not waited for.
process.exit(await runDaemon({ environment: process.env, readyDescriptor: values["ready-fd"] === undefined ? undefined : Number(values["ready-fd"]), shutdown: shutdownSignal() }));
