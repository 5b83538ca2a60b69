export { connectEngine, findEngine, type ConnectEngine, type FoundEngine } from "./connect-engine.ts";
