export type { Caller, FoundServer, GatewayState, RemoteServers, RunningServer, ServerCatalog, ServerPolicy, ServerRunner, StartServer, Verdict } from "./ports.ts";
