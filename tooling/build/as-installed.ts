import path from "node:path";
import type { Plugin } from "esbuild";

/** Marks a question of this plugin's own. */
const ASKED = Symbol("asked");
const OURS = /^(@sbx\/|sbxd$|node:)/;
/** Packages that load parts of themselves by path. */
const IN_PARTS = ["@grpc/grpc-js", "@grpc/proto-loader", "pino", "ssh2"];

/**
 * Whether a package stays where it was installed, and is imported from there: because it loads parts of itself, or because
 * it is another's that is imported only when it is needed, where an older kind of module would give no names from a bundle.
 */
export function staysInstalled(name: string, onlyWhenNeeded: boolean): boolean {
  return IN_PARTS.includes(name) || (onlyWhenNeeded && !/^[./]/.test(name) && !OURS.test(name));
}

/** Leave such packages where they are, by their paths: a bundle has none of its own from which they could be found by name. */
export function asInstalled(output: string): Plugin {
  return {
    name: "as-installed",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, async ({ path: name, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === ASKED || !staysInstalled(name, kind === "dynamic-import")) return undefined;
        const found = await build.resolve(name, { kind, importer, resolveDir, pluginData: ASKED });
        if (found.errors.length > 0) return { errors: found.errors };
        return found.external ? undefined : { path: path.relative(output, found.path), external: true };
      });
    },
  };
}
