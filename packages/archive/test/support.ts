import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { HeldDirectory } from "../src/index.ts";

type EntryHeader = Parameters<ReturnType<typeof pack>["entry"]>[0];
export type TarEntry = EntryHeader & { readonly content?: string };

/** A tar of these entries in this order, whatever they say. */
export function tarOf(entries: readonly TarEntry[]): Readable {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry({ mtime: new Date(0), ...header }, content ?? "");
  tar.finalize();
  return tar as unknown as Readable;
}

export async function bytesOf(entries: readonly TarEntry[]): Promise<Buffer> {
  return buffer(tarOf(entries));
}

/** A directory to unpack into, with one beside it into which nothing may come. */
export class Yard implements Disposable {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), "sbx-archive-")));
  readonly inside: string;
  readonly outside: string;

  constructor(make: (name: string) => string) {
    this.inside = make(path.join(this.root, "inside"));
    this.outside = make(path.join(this.root, "outside"));
  }

  held(): HeldDirectory {
    return new HeldDirectory(openSync(this.inside, "r"));
  }

  /** Everything below a directory: `/` for a directory, `-> target` for a link, the content of files. No link is followed. */
  tree(of = this.inside): Readonly<Record<string, string>> {
    const below = (directory: string, before: string): readonly (readonly [string, string])[] =>
      readdirSync(directory, { withFileTypes: true, encoding: "utf8" }).flatMap((entry) => {
        const file = path.join(directory, entry.name);
        const name = before + entry.name;
        return [[name, shown(file)] as const, ...(entry.isDirectory() ? below(file, `${name}/`) : [])];
      });
    return Object.fromEntries(below(of, ""));
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function shown(file: string): string {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(file)}`;
  return stat.isDirectory() ? "/" : stat.isFile() ? readFileSync(file, "utf8") : "special";
}
