import path from "node:path";
import { build } from "esbuild";
import { bundleOptions } from "./bundle-options.ts";
import type { MakeBundle } from "./bundled.ts";

/** Put the daemon's sources together. What it needs only now and then lies in files of its own, which take no memory before. */
export const bundleDaemon: MakeBundle = async ({ root, entry, output }) => {
  const { outputFiles, metafile } = await build({ ...bundleOptions({ entry, output }), absWorkingDir: root, metafile: true, write: false });
  return { files: outputFiles.map((file) => ({ name: path.basename(file.path), text: file.text })), inputs: Object.keys(metafile.inputs) };
};
