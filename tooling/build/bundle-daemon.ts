import path from "node:path";
import { build } from "esbuild";
import { bundleOptions } from "./bundle-options.ts";
import type { MakeBundle } from "./bundled.ts";

/** Put the daemon's sources together. What it needs only now and then lies in files of its own, which take no memory before. */
export const bundleDaemon: MakeBundle = async ({ root, entry, output }) => {
  // Licences lie beside the packages, which stay where they were installed.
  const options = { ...bundleOptions({ entry, output }), legalComments: "none" } as const;
  const { outputFiles, metafile } = await build({ ...options, absWorkingDir: root, metafile: true, write: false });
  const files = outputFiles.map((file) => ({ name: path.basename(file.path), text: file.text }));
  for (const { name, text } of files) checkAscii(name, text);
  return { files, inputs: Object.keys(metafile.inputs) };
};

/** The engine keeps the text of a program as long as it runs: in one byte for each sign, or in two for all when one of them is not ASCII. */
function checkAscii(name: string, text: string): void {
  const sign = /[\u0080-\uFFFF]/.exec(text);
  if (sign !== null) throw new Error(`${name}: a sign that is not ASCII, which doubles what its text takes: ${text.slice(Math.max(0, sign.index - 40), sign.index + 40)}`);
}
