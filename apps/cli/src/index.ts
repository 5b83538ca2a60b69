export { main } from "./main.ts";
export { buildProgram } from "./program.ts";
export { createProcessContext } from "./process-context.ts";
export type { Connection, Context, DaemonPort, Environment, Io, SignalName, StdinKind } from "./context.ts";
