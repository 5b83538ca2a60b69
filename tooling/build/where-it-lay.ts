import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Plugin } from "esbuild";

const OURS = /\/(apps|packages)\/[^/]+\/src\/.*\.ts$/;

/**
 * Let a bundled module find what lies beside its source: `import.meta` goes on to mean the file that was written, not the one
 * that it became a part of, which lies in `output`. `undefined` for one that does not ask.
 */
export function withItsPlace(file: string, code: string, output: string): string | undefined {
  if (!OURS.test(file) || file.includes("/node_modules/") || !code.includes("import.meta.")) return undefined;
  return `${header(path.relative(output, file))}\n${code.replaceAll("import.meta.url", "sourceUrl").replaceAll("import.meta.resolve(", "resolveFromSource(")}`;
}

/** The same as a plugin of esbuild's. */
export function whereItLay(output: string): Plugin {
  return {
    name: "where-it-lay",
    setup(build) {
      build.onLoad({ filter: OURS }, async ({ path: file }) => {
        const contents = withItsPlace(file, await readFile(file, "utf8"), output);
        return contents === undefined ? undefined : { contents, loader: "ts" };
      });
    },
  };
}

const header = (place: string): string =>
  [
    'import { createRequire as requireFromSource } from "node:module";',
    'import { pathToFileURL as urlOfSource } from "node:url";',
    `const sourceUrl = new URL(${JSON.stringify(place)}, import.meta.url).href;`,
    "const resolveFromSource = (name) => urlOfSource(requireFromSource(sourceUrl).resolve(name)).href;",
  ].join("\n");
