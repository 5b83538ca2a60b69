import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Plugin } from "esbuild";

/**
 * Let bundled modules find what lies beside their source: `import.meta` goes on to mean the file that was written, not the one
 * that it became a part of.
 */
export function whereItLay(output: string): Plugin {
  return {
    name: "where-it-lay",
    setup(build) {
      build.onLoad({ filter: /\/(apps|packages)\/[^/]+\/src\/.*\.ts$/ }, async ({ path: file }) => {
        const code = await readFile(file, "utf8");
        if (file.includes("/node_modules/") || !code.includes("import.meta.")) return undefined;
        const place = path.relative(output, file);
        return { contents: `${header(place)}\n${code.replaceAll("import.meta.url", "sourceUrl").replaceAll("import.meta.resolve(", "resolveFromSource(")}`, loader: "ts" };
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
