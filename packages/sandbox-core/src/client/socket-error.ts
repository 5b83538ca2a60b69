import { AppError } from "@sbx/contracts/app-error";

const GONE = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"]);

/** Turn what node:http throws on the daemon's socket into ours. The only place that knows these codes. */
export function socketError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "AbortError") return new AppError("INTERRUPTED", { message: "Interrupted", fix: "Run the command again.", cause: error });
  const code = "code" in error ? String(error.code) : "";
  if (code === "EACCES")
    return new AppError("DAEMON_UNREACHABLE", { message: "The daemon's socket belongs to another user", fix: "Run sbx as the user who started the daemon, or unset SBX_STATE_DIR.", cause: error });
  if (!GONE.has(code)) return error;
  return new AppError("DAEMON_UNREACHABLE", { message: `The daemon does not answer (${code})`, fix: "Start it with: sbx daemon start; its log: sbx daemon logs", cause: error });
}

/** What a connection fails with where nobody listens, or nobody does any more: a listener that closes resets what waits at it. */
const NOBODY = new Set<unknown>(["ENOENT", "ECONNREFUSED", "ECONNRESET"]);

/** Whether nobody listens, as against somebody who answers badly. */
export function isNobodyThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && NOBODY.has(error.code);
}
