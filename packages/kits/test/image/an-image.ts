import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { arch } from "node:process";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";

/** An entry of a layer; with a text it is a file. */
export type LayerFile = Partial<Header> & { readonly name: string; readonly text?: string };

/** What an image is made of; all but what a test is about is right. */
export interface AnImage {
  readonly layers?: readonly (readonly LayerFile[])[];
  readonly descriptor?: string | null;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly pack?: (tar: Buffer) => Buffer;
  readonly annotateIndex?: boolean;
  readonly change?: (documents: { index: Record<string, unknown>; manifest: Record<string, unknown>; image: Record<string, unknown> }) => void;
}

export const DESCRIPTOR = JSON.stringify({ schemaVersion: "3", kind: "workload", provides: ["theirs@1"] });
const ARCHITECTURE = arch === "x64" ? "amd64" : arch;

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A tar of files. */
export async function tarOf(files: readonly LayerFile[]): Promise<Buffer> {
  const tar = pack();
  const whole = buffer(tar);
  for (const { text, ...header } of files) {
    if (text === undefined) tar.entry({ type: "directory", mode: 0o755, ...header });
    else tar.entry({ type: "file", mode: 0o644, ...header }, text);
  }
  tar.finalize();
  return await whole;
}

/** Write an image in OCI's layout. */
export async function writeLayout(directory: string, { layers = [[{ name: "etc/a", text: "a" }]], pack: packed = gzipSync, change, ...said }: AnImage = {}): Promise<void> {
  const tars = await Promise.all(layers.map((files) => tarOf(files)));
  const blobs = tars.map((tar) => packed(tar));
  const documents = documentsOf(said, { tars, blobs });
  change?.(documents);
  const { index, manifest, image } = documents;
  for (const blob of blobs) await place(directory, blob);
  manifest["config"] ??= { mediaType: "application/vnd.oci.image.config.v1+json", ...(await place(directory, JSON.stringify(image))) };
  index["manifests"] ??= [{ mediaType: "application/vnd.oci.image.manifest.v1+json", ...(await place(directory, JSON.stringify(manifest))) }];
  await writeFile(path.join(directory, "index.json"), JSON.stringify(index));
  await writeFile(path.join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

type Documents = Parameters<NonNullable<AnImage["change"]>>[0];

function documentsOf({ descriptor = DESCRIPTOR, config = {}, annotateIndex = false }: AnImage, { tars, blobs }: { readonly tars: readonly Buffer[]; readonly blobs: readonly Buffer[] }): Documents {
  const annotations = descriptor === null ? {} : { annotations: { "vnd.docker.sandbox.kit.descriptor": descriptor } };
  const layers = blobs.map((blob) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf(blob), size: blob.length }));
  return {
    image: { os: "linux", architecture: ARCHITECTURE, config: { User: "agent", Entrypoint: ["theirs"], ...config }, rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) } },
    manifest: { schemaVersion: 2, layers, ...(annotateIndex ? {} : annotations) },
    index: { schemaVersion: 2, ...(annotateIndex ? annotations : {}) },
  };
}

async function place(directory: string, bytes: Buffer | string): Promise<{ readonly digest: string; readonly size: number }> {
  const digest = digestOf(bytes);
  await mkdir(path.join(directory, "blobs/sha256"), { recursive: true });
  await writeFile(path.join(directory, "blobs", digest.replace(":", "/")), bytes);
  return { digest, size: bytes.length };
}
