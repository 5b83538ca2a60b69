export type { ArchivePlace, ArchivePort } from "./archive-stream.ts";
export { createConnection } from "./connection.ts";
export { DAEMON_THREADS, daemonEnvironment } from "./daemon-environment.ts";
export { DAEMON_FLAGS, findDaemonProgram } from "./daemon-program.ts";
export { SessionDrive, type SessionEnd, type SessionStreams, type SignalName, type StdinFilter } from "./session-drive.ts";
export { open, readJson } from "./socket-http.ts";
export { checkStateDirectory } from "./state-directory.ts";
