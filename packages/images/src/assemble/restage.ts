import { posix } from "node:path";
import { AppError } from "@sbx/contracts";
import { RE2JS } from "re2js";
import type { ContextFile } from "../context-file.ts";
import { unassembled } from "./unassembled.ts";

/** Where in the context files lie that are copied with another mode than their own. */
export const STAGED = ".sbx.files";

/** One source of COPY, and where what it names is to lie. */
export interface Restaging {
  readonly name: string;
  readonly line: number;
  readonly source: string;
  /** Of every file and directory; absent: as it is. */
  readonly mode: number | undefined;
  readonly root: string;
}

/**
 * List what a source of COPY names once more below another root, with another mode. `sources` is what COPY names then.
 *
 * @throws AppError `KIT_INVALID` where it names nothing, `KIT_UNSUPPORTED` for a form that is not read here
 */
export function restage(files: readonly ContextFile[], { name, line, source, mode, root }: Restaging): { readonly sources: readonly string[]; readonly files: readonly ContextFile[] } {
  if (/["'\\$[\]]/.test(source))
    throw unassembled(name, { line, what: `the source ${JSON.stringify(source)} beside --chmod or here-documents`, fix: "Name each source plainly; * and ? may stand in it." });
  const path = posix.normalize(`/${source}`).slice(1).replace(/\/$/, "");
  const named = fits(path);
  const found = path === "" ? [{ kind: "directory", path: "" } as const] : files.filter((file) => named.matcher(file.path).matches());
  if (found.length === 0)
    throw new AppError("KIT_INVALID", {
      message: `Line ${line} of the Dockerfile of agent "${name}" copies ${JSON.stringify(source)}, which is not in its directory.`,
      fix: "Put it there, or leave the line out.",
    });
  const link = found.find(({ kind }) => kind === "link");
  if (link !== undefined) throw unassembled(name, { line, what: `the link ${JSON.stringify(link.path)} as a source beside --chmod or here-documents`, fix: "Name what it leads to." });
  const moved = (file: ContextFile, below: string, base: string): ContextFile => ({ ...withMode(file, mode), path: posix.join(root, base, file.path.slice(below.length)) });
  const whole = found.flatMap((file): readonly ContextFile[] => {
    const base = posix.basename(file.path) || "all";
    if (file.kind !== "directory") return [moved(file, file.path, base)];
    const prefix = file.path === "" ? "" : `${file.path}/`;
    return [moved(file, file.path, base), ...files.filter((inner) => inner.path.startsWith(prefix) && inner.path !== file.path).map((inner) => moved(inner, file.path, base))];
  });
  return { sources: found.map((file) => posix.join(root, posix.basename(file.path) || "all")), files: [{ kind: "directory", path: root }, ...whole] };
}

function withMode(file: ContextFile, mode: number | undefined): ContextFile {
  return mode === undefined || file.kind === "link" ? file : { ...file, mode };
}

/** A path with `*` and `?`, neither of which stands for a slash; matched in no more time than both are long. */
function fits(path: string): RE2JS {
  const pattern = path
    .replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return RE2JS.compile(pattern);
}
