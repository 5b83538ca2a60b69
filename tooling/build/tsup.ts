import { defineConfig } from "tsup";

/** The one way a library of ours is built: ESM, types, source maps, nothing bundled. `node:sqlite` has no other name, and names of classes are shown. */
export const library = (entry: readonly string[] = ["src/index.ts"]) =>
  defineConfig({
    entry: [...entry],
    format: ["esm"],
    target: "node24",
    dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
    sourcemap: true,
    clean: true,
    removeNodeProtocol: false,
    keepNames: true,
  });
