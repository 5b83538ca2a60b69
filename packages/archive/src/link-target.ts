import type { HeldDirectory } from "./held-directory.ts";

/** Where a link would be made. */
export interface LinkPlace {
  /** How many directories below the copy's own root the link lies in; the copy's root itself is less than 0. */
  readonly depth: number;
  readonly target: string;
}

const MAX_TARGET_BYTES = 4096;
/** Parts of a path that are looked at; links that lead in a circle end here. */
const MAX_STEPS = 1000;

/**
 * Why a link is not made: it would lead, or could be made to lead, out of what is copied. `undefined` for one that stays.
 *
 * `..` is allowed at the beginning only, where it climbs real directories: after a part that may be a link it could lead
 * anywhere.
 */
export function whyLinkLeadsOut({ depth, target }: LinkPlace): string | undefined {
  if (target === "" || target.includes("\0") || Buffer.byteLength(target) > MAX_TARGET_BYTES) return "its target is none";
  if (target.startsWith("/")) return "it leads to an absolute path";
  const parts = plainParts(target);
  const up = parts.findIndex((part) => part !== "..");
  const climbs = up === -1 ? parts.length : up;
  if (climbs > depth) return "it leads out of what is copied";
  return parts.slice(climbs).includes("..") ? "it goes up after it went down" : undefined;
}

interface LinkWay {
  /** Directories from the root to where the link lies. */
  readonly from: readonly string[];
  readonly target: string;
  /** Links that the copy made, each as its path from the root. */
  readonly made: ReadonlyMap<string, string>;
}

/** Whether the way of a link leads through another one that the copy did not make. */
export function leadsThroughForeign(root: HeldDirectory, { from, target, made }: LinkWay): boolean {
  const way = [...from];
  const ahead = plainParts(target);
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    const part = ahead.shift();
    if (part === undefined) return false;
    if (part === "..") way.pop();
    else {
      way.push(part);
      const kind = kindAt(root, way);
      if (kind === undefined) return false;
      if (kind === "there") continue;
      const own = made.get(way.join("/"));
      if (own === undefined) return true;
      way.pop();
      ahead.unshift(...plainParts(own));
    }
  }
  return true;
}

function plainParts(target: string): string[] {
  return target.split("/").filter((part) => part !== "" && part !== ".");
}

/** `undefined` where nothing is, or the way there is no way of directories. */
function kindAt(root: HeldDirectory, way: readonly string[]): "link" | "there" | undefined {
  let held = root.again();
  try {
    for (const part of way.slice(0, -1)) {
      const next = held.directory(part);
      held[Symbol.dispose]();
      held = next;
    }
    const kind = held.kindOf(way.at(-1) ?? "");
    if (kind === "missing") return undefined;
    return kind === "link" ? "link" : "there";
  } catch {
    return undefined;
  } finally {
    held[Symbol.dispose]();
  }
}
