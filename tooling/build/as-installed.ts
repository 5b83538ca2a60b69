import { createRequire } from "node:module";
import path from "node:path";
import type { Plugin } from "esbuild";

/** Leave packages where they were installed, and import them from there: a bundle has none of its own from which they could be found by name. */
export function asInstalled(output: string, names: readonly string[]): Plugin {
  return {
    name: "as-installed",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^(${names.join("|")})$`) }, ({ path: name, importer }) => ({ path: path.relative(output, createRequire(importer).resolve(name)), external: true }));
    },
  };
}
