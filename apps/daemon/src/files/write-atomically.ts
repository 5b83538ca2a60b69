import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Replace a file by a new text of mode 0600, whole or not at all, also over a fall of the machine. Where a person keeps
 * a link in its place, the file that it leads to is replaced and the link stays.
 */
export function writeAtomically(file: string, text: string): void {
  const target = targetOf(file);
  mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
  const fresh = `${target}.${randomBytes(6).toString("hex")}.new`;
  try {
    writeFileSync(fresh, text, { mode: 0o600, flag: "wx", flush: true });
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  const directory = openSync(path.dirname(target), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
