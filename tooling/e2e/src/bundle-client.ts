import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Put the official client into one file, which runs where Node is and nothing is installed. */
export async function bundleClient(file: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL("./sdk-client.ts", import.meta.url))],
    outfile: file,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
}
