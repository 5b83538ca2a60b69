import { open } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts";

const MAX_BYTES = 256 << 20;

/** Read a bundle of the person's own, by its absolute path. @throws AppError `SERVER_FAILED` for any other place, and for what cannot be read */
export async function readBundleFile(from: string, signal: AbortSignal): Promise<Buffer> {
  const failed = (message: string, fix: string, cause?: unknown): AppError => new AppError("SERVER_FAILED", { message, fix, ...(cause === undefined ? {} : { cause }) });
  if (!path.isAbsolute(from)) throw failed(`The bundle "${from}" is not on this machine`, "Download it, and give its absolute path and SHA-256 in an entry of a catalog of your own.");
  try {
    await using file = await open(from, "r");
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw failed(`The bundle "${from}" is larger than 256 MiB`, "Use another server.");
    return await file.readFile({ signal });
  } catch (cause) {
    if (AppError.is(cause) || signal.aborted) throw cause;
    throw failed(`The bundle "${from}" cannot be read`, "See whether it is there and may be read by you.", cause);
  }
}
