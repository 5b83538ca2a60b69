import { defineConfig } from "tsup";

/** The one way a library of ours is built: ESM, source maps, nothing bundled, and beside it the types, which are made for all at once. `node:sqlite` has no other name, and names of classes are shown. */
export const library = (entry: readonly string[] = ["src/index.ts"]) =>
  defineConfig({
    entry: [...entry],
    format: ["esm"],
    target: "node24",
    sourcemap: true,
    clean: ["!**/*.d.ts"],
    removeNodeProtocol: false,
    keepNames: true,
  });
