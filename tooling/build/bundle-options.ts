import type { BuildOptions } from "esbuild";
import { asInstalled } from "./as-installed.ts";
import { whenUsed } from "./when-used.ts";
import { whereItLay } from "./where-it-lay.ts";

const REQUIRE = 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/** How the sources of a program of the clone are put together into few files. `output` is where they will lie. */
export function bundleOptions({ entry, output }: { readonly entry: string; readonly output: string }): BuildOptions {
  return {
    entryPoints: [entry],
    outdir: output,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: ["@sbx/source"],
    // What some packages give as `main` asks for its parts by names that no bundler sees.
    mainFields: ["module", "main"],
    banner: { js: REQUIRE },
    plugins: [whereItLay(output), whenUsed(), asInstalled(output)],
    chunkNames: "[name]-[hash]",
    // Nothing says for `.js` in this place what kind of module it is.
    outExtension: { ".js": ".mjs" },
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "warning",
  };
}
