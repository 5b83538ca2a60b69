import { AppError, type Problem } from "@sbx/contracts";

/** Codes of the operating system and of Node's HTTP client that mean: nobody answers at the other end. */
const UNREACHABLE = new Set(["EACCES", "ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ENOENT", "ENOTFOUND", "ENOTSOCK", "EPERM", "EPIPE", "ETIMEDOUT", "HPE_INVALID_CONSTANT"]);

/** What the engine's HTTP status was, when `error` is an answer of the engine. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** The engine's own words, without the client library's dressing. */
export function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("json" in error && typeof error.json === "object" && error.json !== null && "message" in error.json && typeof error.json.message === "string") return error.json.message;
  const message = "message" in error && typeof error.message === "string" ? error.message : "";
  return message.replace(/^\(HTTP code \d+\) [^-]*- /, "").trim() || "no reason given";
}

/**
 * Translate what the client library threw while `doing` (an infinitive: "start the container").
 *
 * Problems of ours and broken invariants come back as they are; an abort comes back as its reason.
 */
export function toAppError(error: unknown, doing: string): unknown {
  if (AppError.is(error)) return error;
  const status = statusOf(error);
  if (status !== undefined) return engineFailed(doing, reasonOf(error), { status });
  const code = codeOf(error);
  if (code !== undefined && UNREACHABLE.has(code)) {
    return new AppError("ENGINE_UNREACHABLE", {
      message: `The container engine did not answer when asked to ${doing}: ${reasonOf(error)}.`,
      fix: "See whether it runs (docker info), start it, and try again.",
      details: { code },
      cause: error,
    });
  }
  return error;
}

/** An `ENGINE_FAILED` for an engine that answered, but not with what was asked for. */
export function engineFailed(doing: string, reason: string, details: Problem["details"] = {}): AppError {
  return new AppError("ENGINE_FAILED", {
    message: `The container engine could not ${doing}: ${reason.replace(/\.+$/, "")}.`,
    fix: "Run: sbx doctor. It says what is wrong with the engine.",
    details,
  });
}

/** Do one thing with the engine; what fails comes out as a problem of ours. */
export async function ask<T>(doing: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw toAppError(error, doing);
  }
}

/** Like `ask`, with `undefined` for each of these statuses of the engine: "no such thing", "it is so already". */
export async function askUnless<T>(statuses: readonly number[], doing: string, request: () => Promise<T>): Promise<T | undefined> {
  return ask(doing, async () => {
    try {
      return await request();
    } catch (error) {
      const status = statusOf(error);
      if (status !== undefined && statuses.includes(status)) return undefined;
      throw error;
    }
  });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
