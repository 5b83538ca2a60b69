import path from "node:path";
import type { Plugin } from "esbuild";

/**
 * Parts of packages that nothing of ours uses, or seldom, by who asks for them; each gives a function. They bring more with
 * them than all the rest of their package: a client of SSH, one of gRPC.
 */
const PARTS = [
  { importer: /\/docker-modem\/lib\/modem\.js$/, part: "./ssh" },
  { importer: /\/dockerode\/lib\/docker\.js$/, part: "./session" },
] as const;

/** Load such parts when they are first called: until then a program neither reads nor holds them. */
export function whenUsed(): Plugin {
  return {
    name: "when-used",
    setup(build) {
      build.onResolve({ filter: /^\.\/(?:ssh|session)$/ }, ({ path: part, importer, resolveDir }) =>
        PARTS.some((one) => one.part === part && one.importer.test(importer)) ? { path: path.join(resolveDir, part), namespace: "when-used" } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: "when-used" }, ({ path: file }) => ({
        contents: `module.exports = function (...args) { return require(${JSON.stringify(file)}).apply(this, args); };`,
        resolveDir: path.dirname(file),
      }));
    },
  };
}
