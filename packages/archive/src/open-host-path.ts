import path from "node:path";
import { AppError } from "@sbx/contracts";
import { HeldDirectory, type EntryKind } from "./held-directory.ts";

const MAX_LINKS = 40;
const OTHERS_MAY_WRITE = 0o022;

/** A place on this machine: a held directory, and a name in it. Disposing lets go of it. */
export interface HostPath extends Disposable {
  readonly parent: HeldDirectory;
  /** `undefined` for the root directory. */
  readonly name: string | undefined;
  readonly kind: EntryKind;
  /** As it really lies. */
  readonly path: string;
}

/**
 * Find a place without following a link: an agent that can write a directory on the way could lead the copy elsewhere.
 * Only links that belong to the system, in directories that only root can write, are followed, and not for root, whose
 * workspaces' links are root's too. The last part may be a link itself: kind `link`.
 *
 * @throws AppError `PATH_NOT_FOUND`, `PATH_REFUSED`
 */
export function openHostPath(absolute: string): HostPath {
  if (process.platform !== "linux")
    throw new AppError("PLATFORM_UNSUPPORTED", { message: `Copying files needs Linux, and this is ${process.platform}`, fix: "Use: sbx exec SANDBOX tar c PATH | tar x" });
  return walk(partsOf(absolute), absolute, MAX_LINKS);
}

function walk(parts: readonly string[], asked: string, linksLeft: number): HostPath {
  const way: string[] = [];
  let held = HeldDirectory.root();
  try {
    for (const part of parts.slice(0, -1)) {
      const elsewhere = held.kindOf(part) === "link" ? led(held, { way, part, asked, linksLeft }) : undefined;
      if (elsewhere !== undefined) {
        held[Symbol.dispose]();
        return walk([...elsewhere, ...parts.slice(way.length + 1)], asked, linksLeft - 1);
      }
      const next = enter(held, part, asked);
      held[Symbol.dispose]();
      held = next;
      way.push(part);
    }
    return found(held, parts);
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

function found(parent: HeldDirectory, parts: readonly string[]): HostPath {
  const name = parts.at(-1);
  return {
    parent,
    name,
    kind: name === undefined ? "directory" : parent.kindOf(name),
    path: `/${parts.join("/")}`,
    [Symbol.dispose]: () => {
      parent[Symbol.dispose]();
    },
  };
}

interface AtLink {
  readonly way: readonly string[];
  readonly part: string;
  readonly asked: string;
  readonly linksLeft: number;
}

/** The parts of the path to which a link of the system leads. @throws AppError `PATH_REFUSED` for every other */
function led(held: HeldDirectory, { way, part, asked, linksLeft }: AtLink): readonly string[] {
  const target = systemLink(held, part);
  if (target === undefined || linksLeft === 0) throw throughLink(`/${[...way, part].join("/")}`, asked);
  return partsOf(path.resolve(`/${way.join("/")}`, target));
}

function partsOf(absolute: string): readonly string[] {
  return path
    .normalize(absolute)
    .split("/")
    .filter((part) => part !== "");
}

/** Where a link of the system leads; `undefined` for every other. */
function systemLink(held: HeldDirectory, name: string): string | undefined {
  const [directory, link] = [held.stat, held.statOf(name)];
  const isRoots = directory.uid === 0 && link.uid === 0 && (directory.mode & OTHERS_MAY_WRITE) === 0;
  return isRoots && process.getuid?.() !== 0 ? held.readLink(name) : undefined;
}

function enter(held: HeldDirectory, part: string, asked: string): HeldDirectory {
  try {
    return held.directory(part);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") throw new AppError("PATH_NOT_FOUND", { message: `There is no "${asked}" on this machine`, fix: "Name a path whose directory is there.", cause: error });
    if (code === "ELOOP") throw throughLink(part, asked);
    throw new AppError("PATH_REFUSED", {
      message: `"${asked}" cannot be reached: ${code === "ENOTDIR" ? `"${part}" is no directory` : String(code)}`,
      fix: "Name a path that you may read.",
      cause: error,
    });
  }
}

function throughLink(link: string, asked: string): AppError {
  return new AppError("PATH_REFUSED", {
    message: `The path "${asked}" leads through the link "${link}", which is not followed: an agent may have made it`,
    fix: `See where it leads with: readlink -f '${link}'; then name that place itself`,
  });
}
