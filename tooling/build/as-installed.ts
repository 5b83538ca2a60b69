import path from "node:path";
import type { Plugin } from "esbuild";

/** Marks a question of this plugin's own. */
const ASKED = Symbol("asked");
const OURS = /^(@sbx\/|sbxd$|node:)/;

/**
 * Leave packages where they were installed, and import them from there: a bundle has none of its own from which they could
 * be found by name.
 *
 * Beside those that are named these are all of others' that are imported only when they are needed: of an older kind of
 * module such an import would find no name in a bundle.
 */
export function asInstalled(output: string, names: readonly string[]): Plugin {
  return {
    name: "as-installed",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, async ({ path: name, kind, importer, resolveDir, pluginData }) => {
        const stays = names.includes(name) || (kind === "dynamic-import" && !OURS.test(name));
        if (!stays || pluginData === ASKED) return undefined;
        const found = await build.resolve(name, { kind, importer, resolveDir, pluginData: ASKED });
        if (found.errors.length > 0) return { errors: found.errors };
        return found.external ? undefined : { path: path.relative(output, found.path), external: true };
      });
    },
  };
}
