export { connectEngine, type ConnectEngine } from "./connect-engine.ts";
