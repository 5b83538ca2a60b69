import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { FEW_FILES, FROM_SOURCES } from "./few-files.ts";
import { withoutFacades } from "./without-facades.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DIST = path.join(ROOT, "apps/cli/dist");
/** What commands read of other packages at their start; the library of schemas alone is a hundred files. */
const PUT_TOGETHER = /^(?:@sbx\/contracts(?:\/.*)?|@sbx\/core\/(?:client|daemon)|zod)$/;

/**
 * Write what is published of the command line into its `dist`: a program for whose start a person waits is put together, where
 * libraries stay as they are. All other packages are imported by their names.
 */
mkdirSync(DIST, { recursive: true });
for (const old of readdirSync(DIST, { recursive: true, encoding: "utf8" })) if (/\.(?:js|js\.map)$/.test(old)) rmSync(path.join(DIST, old));
const building = await rolldown({
  cwd: path.join(ROOT, "apps/cli"),
  input: { index: "src/index.ts", bin: "src/bin.ts" },
  ...FROM_SOURCES,
  external: (name) => /^[^./]/.test(name) && !PUT_TOGETHER.test(name),
  plugins: [withoutFacades()],
});
await building.write({ ...FEW_FILES, dir: DIST, sourcemap: true, entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
await building.close();
copyFileSync(path.join(ROOT, "packages/contracts/node_modules/zod/LICENSE"), path.join(DIST, "LICENSE.zod"));
