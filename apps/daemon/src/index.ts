export { runDaemon, type RunDaemon } from "./run-daemon.ts";
