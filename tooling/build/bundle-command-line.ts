import path from "node:path";
import { rolldown, type Plugin } from "rolldown";
import { staysInstalled } from "./as-installed.ts";
import { FEW_FILES, FROM_SOURCES } from "./few-files.ts";
import type { MakeBundle } from "./bundled.ts";
import { withoutFacades } from "./without-facades.ts";
import { withItsPlace } from "./where-it-lay.ts";

/** Put the sources of the command line together, so that the commands that are typed most read the fewest files. */
export const bundleCommandLine: MakeBundle = async ({ root, entry, output }) => {
  const inputs: string[] = [];
  const building = await rolldown({
    cwd: root,
    input: { bin: entry },
    ...FROM_SOURCES,
    plugins: [asInstalled(output), atItsPlace(output), withoutFacades(), note(root, inputs)],
  });
  try {
    const made = await building.generate({
      ...FEW_FILES,
      entryFileNames: "[name].mjs",
      chunkFileNames: "[name]-[hash].mjs",
      minify: { compress: false, mangle: false, codegen: true },
    });
    return { files: made.output.map((file) => ({ name: file.fileName, text: file.type === "chunk" ? file.code : String(file.source) })), inputs };
  } finally {
    await building.close();
  }
};

/** Leave packages where they were installed, and import them from there. */
function asInstalled(output: string): Plugin {
  return {
    name: "as-installed",
    async resolveId(name, importer, { kind }) {
      if (!staysInstalled(name, kind === "dynamic-import")) return null;
      const found = await this.resolve(name, importer, { skipSelf: true });
      return found === null || found.external !== false ? found : { id: path.relative(output, found.id), external: "relative" };
    },
  };
}

function atItsPlace(output: string): Plugin {
  return { name: "at-its-place", transform: (code, file) => withItsPlace(file, code, output) ?? null };
}

/** Note of what the bundle is made, also of what nothing was taken. */
function note(root: string, inputs: string[]): Plugin {
  return {
    name: "note",
    moduleParsed({ id }) {
      if (path.isAbsolute(id)) inputs.push(path.relative(root, id));
    },
  };
}
