import { AppError } from "@sbx/contracts";

const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 256;

/**
 * The parts of an entry's name, without empty ones and `.`.
 *
 * @throws AppError `ARCHIVE_REFUSED` for a name that is absolute, goes up, or is longer than file systems take: no tar of
 * a directory has one.
 */
export function entryPath(name: string): readonly string[] {
  if (name.startsWith("/")) throw refused(name, "is absolute");
  if (name.includes("\0")) throw refused(name, "has a zero in it");
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) throw refused(name, "is too long");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(name, "goes up with ..");
  if (parts.length > MAX_DEPTH) throw refused(name, "is too deep");
  if (parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) throw refused(name, "has a part that is too long");
  return parts;
}

function refused(name: string, why: string): AppError {
  return new AppError("ARCHIVE_REFUSED", {
    message: `An entry of the tar stream ${why}: ${JSON.stringify(name.slice(0, 200))}`,
    fix: "Nothing of it was written. Look at what is in the sandbox before you copy it.",
  });
}
