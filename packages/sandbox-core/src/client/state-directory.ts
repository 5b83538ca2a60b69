import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts/app-error";

/**
 * Refuse a state directory in which somebody else could have put a socket: keys and commands go through it.
 *
 * A directory that is not there yet is fine.
 * @throws AppError `CONFIG_INVALID` when it belongs to another user or others may write in it.
 */
export async function checkStateDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined) return;
  const fix = `Set SBX_STATE_DIR to a directory of your own, or mend this one: chmod 700 ${directory}`;
  if (!found.isDirectory()) throw new AppError("CONFIG_INVALID", { message: `The state directory "${directory}" is no directory`, fix });
  if (found.uid !== process.getuid?.()) throw new AppError("CONFIG_INVALID", { message: `The state directory "${directory}" belongs to another user (uid ${found.uid})`, fix });
  if ((found.mode & 0o022) !== 0) throw new AppError("CONFIG_INVALID", { message: `Others may write in the state directory "${directory}"`, fix });
}

/** Make the directory of the log, private to this user. */
export async function makeLogDirectory(log: string): Promise<void> {
  await mkdir(path.dirname(log), { recursive: true, mode: 0o700 });
}
