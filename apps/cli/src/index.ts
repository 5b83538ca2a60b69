export { main } from "./main.ts";
export { buildProgram } from "./program.ts";
export { createProcessContext } from "./process-context.ts";
export type { Connection, Context, DaemonPaths, DaemonPort, Environment, EventQuery, Io, SignalName, StdinKind } from "./context.ts";
