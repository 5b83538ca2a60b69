import { randomBytes } from "node:crypto";
import { closeSync, constants, existsSync, fchmodSync, fstatSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts/app-error";

const MAX_BYTES = 8 << 20;

/** Where a configuration lies: a file of the person's home, or one in a project, whose directories an agent may rename at any time. */
export type ConfigPlace = { readonly kind: "home"; readonly file: string } | { readonly kind: "project"; readonly top: string; readonly file: string };

/** The path, for people. */
export function pathOf(place: ConfigPlace): string {
  return place.kind === "home" ? place.file : path.join(place.top, place.file);
}

/** The text of a configuration; `undefined` when there is none. @throws AppError `CONFIG_INVALID` for what is no ordinary file, or is reached through a link in a project */
export function readConfig(place: ConfigPlace): string | undefined {
  const held = openPlace(place, false);
  if (held === undefined) return undefined;
  try {
    return readHeld(held, place)?.text;
  } finally {
    closeSync(held.directory);
  }
}

/** Replace a configuration whole or not at all, or remove it with `undefined`. The file keeps its mode; a new one is for its person alone. */
export function writeConfig(place: ConfigPlace, text: string | undefined): void {
  const held = openPlace(place, text !== undefined);
  if (held === undefined) return;
  const { at, directory } = held;
  try {
    const before = readHeld(held, place);
    if (text === undefined) {
      rmSync(at(held.name), { force: true });
      return;
    }
    const fresh = at(`.${held.name}.${randomBytes(6).toString("hex")}.new`);
    try {
      writeFileSync(fresh, text, { mode: 0o600, flag: "wx", flush: true });
      if (before !== undefined) chmod(fresh, before.mode);
      renameSync(fresh, at(held.name));
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** A directory that is held open, so that it stays the same whatever is renamed, and the name of a file in it. */
interface Held {
  readonly directory: number;
  readonly name: string;
  readonly at: (name: string) => string;
}

function openPlace(place: ConfigPlace, make: boolean): Held | undefined {
  try {
    return place.kind === "home" ? openHome(place.file, make) : openProject(place, make);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "ENOENT" && !make) return undefined;
    throw refused(place, error.code === "ELOOP" || error.code === "ENOTDIR" ? "a link or a file stands where a directory should be" : `it cannot be reached (${String(error.code)})`);
  }
}

/** People keep links to their settings: what they lead to is edited. */
function openHome(file: string, make: boolean): Held {
  const target = existsSync(file) ? realpathSync(file) : file;
  const directory = path.dirname(target);
  if (make) mkdirSync(directory, { recursive: true, mode: 0o700 });
  return hold(openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY), directory, path.basename(target));
}

function openProject({ top, file }: Extract<ConfigPlace, { readonly kind: "project" }>, make: boolean): Held {
  const parts = file.split("/");
  const name = parts.pop() ?? "";
  const real = realpathSync(top);
  let held = hold(openSync(real, constants.O_RDONLY | constants.O_DIRECTORY), real, name);
  for (const part of parts) {
    const before = held;
    try {
      const next = before.at(part);
      if (make && !existsSync(next)) mkdirSync(next);
      held = hold(openSync(next, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW), next, name);
    } finally {
      closeSync(before.directory);
    }
  }
  return held;
}

function hold(directory: number, named: string, name: string): Held {
  const place = existsSync("/proc/self/fd") ? `/proc/self/fd/${directory}` : named;
  return { directory, name, at: (one) => `${place}/${one}` };
}

function readHeld({ at, name }: Held, place: ConfigPlace): { readonly text: string; readonly mode: number } | undefined {
  if (lstatSync(at(name), { throwIfNoEntry: false })?.isFile() === false) throw refused(place, "it is no ordinary file");
  let file: number;
  try {
    file = openSync(at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw refused(place, "it cannot be read");
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw refused(place, "it is no ordinary file");
    if (stat.size > MAX_BYTES) throw refused(place, "it is larger than 8 MiB");
    return { text: readFileSync(file, "utf8"), mode: stat.mode & 0o777 };
  } finally {
    closeSync(file);
  }
}

function chmod(file: string, mode: number): void {
  const opened = openSync(file, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    fchmodSync(opened, mode);
  } finally {
    closeSync(opened);
  }
}

function refused(place: ConfigPlace, why: string): AppError {
  return new AppError("CONFIG_INVALID", { message: `${pathOf(place)} is left as it is: ${why}`, fix: "Put the command into the client's configuration by hand: sbx mcp gateway run" });
}
