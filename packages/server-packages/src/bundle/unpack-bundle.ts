import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import type { InstalledTree } from "../install-package.ts";
import { PACKAGE_DIRECTORY, runStep } from "../run-step.ts";
import type { Installation, PackageSource } from "../server-packages.ts";
import { readBundle, type BundleFile } from "./read-bundle.ts";

const EPOCH = new Date(0);

/** Get a bundle, read it whole, and unpack it in a pod that reaches nothing. @throws AppError `SERVER_FAILED`, `SERVER_DENIED` */
export async function unpackBundle(work: Installation, source: Extract<PackageSource, { readonly kind: "bundle" }>): Promise<InstalledTree> {
  const { parts, key, image, volume, server, progress, signal } = work;
  progress(`Getting the bundle of ${server}`);
  const bundle = await readBundle(await parts.fetchBundle(source.from, signal), source.sha256);
  await runStep(parts.pods, {
    server,
    what: "unpacking the bundle",
    image,
    command: ["/bin/tar", "--extract", "--file=-", `--directory=${PACKAGE_DIRECTORY}`, "--no-same-owner", "--no-same-permissions"],
    env: {},
    rules: [],
    volume,
    input: tarOf(bundle.files),
    progress,
    signal,
  });
  return {
    lock: {
      version: 1,
      ...key,
      index: "",
      integrity: `sha256-${source.sha256}`,
      resolved: source.sha256,
      tree: hashOf(bundle.files),
      programs: [],
      main: bundle.entryPoint,
      runtime: bundle.runtime,
      volume,
      image,
      installedAt: parts.now().toISOString(),
    },
    bytes: bundle.files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
  };
}

function tarOf(files: readonly BundleFile[]): Readable {
  const tar = pack();
  void (async () => {
    for (const { path, executable, bytes } of files) {
      await new Promise<void>((resolve, reject) => {
        tar.entry({ name: path, mode: executable ? 0o755 : 0o644, mtime: EPOCH }, bytes, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(error);
        });
      });
    }
    tar.finalize();
  })().catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return Readable.from(tar);
}

function hashOf(files: readonly BundleFile[]): string {
  const hash = createHash("sha256");
  for (const { path, executable, bytes } of files.toSorted((one, other) => (one.path < other.path ? -1 : 1))) {
    hash.update(`f ${JSON.stringify(path)} ${executable ? "x" : "-"} ${createHash("sha256").update(bytes).digest("hex")}\n`);
  }
  return hash.digest("hex");
}
