import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MADE = path.join(ROOT, "node_modules/.cache/declarations");
/** A source by its own name, as our imports say it; what is published has the program of that name in its place. */
const SOURCE = /((?:from|import) |import\()"(\.{1,2}\/[^"]+)\.ts"/g;

/**
 * Write the declarations of every package into its `dist`: by one run of the compiler for all of them, that each would
 * otherwise make for itself and for all that it needs. The check of types says whether they are right.
 */
rmSync(MADE, { recursive: true, force: true });
execFileSync(process.execPath, [path.join(ROOT, "node_modules/typescript-native/bin/tsc"), "-p", path.join(ROOT, "tooling/tsconfig/declarations.json")], { stdio: "inherit" });
for (const parent of ["packages", "apps"]) {
  for (const name of readdirSync(path.join(MADE, parent))) {
    const folder = path.join(ROOT, parent, name);
    if (!readFileSync(path.join(folder, "package.json"), "utf8").includes('"build":')) continue;
    for (const old of declarationsBelow(path.join(folder, "dist"))) rmSync(path.join(folder, "dist", old));
    const made = path.join(MADE, parent, name, "src");
    for (const file of declarationsBelow(made)) {
      const target = path.join(folder, "dist", file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, readFileSync(path.join(made, file), "utf8").replaceAll(SOURCE, '$1"$2.js"'));
    }
  }
}

function declarationsBelow(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts")) : [];
}
