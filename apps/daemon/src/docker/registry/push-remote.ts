import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import path from "node:path";
import { Readable, type TransformCallback, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ImageAddress } from "@sbx/egress-policy";
import type { Pushing } from "@sbx/docker-guard";
import { digestOf, PUSHED } from "./image-manifest.ts";
import { readBytes, type RegistryClient } from "./registry-client.ts";
import { registryFailed } from "./registry-ways.ts";

const MAX_ANSWER_BYTES = 64 << 10;

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly open: () => Readable;
}

/** What is needed to give an image to a registry. */
export interface PushRemote {
  readonly address: ImageAddress;
  /** Directory for layers while they are packed; nothing stays in it. */
  readonly directory: string;
}

/** Give an image to a registry: what that lacks of its layers, then its manifest under the tag. Owns the client. */
export function pushRemote(client: RegistryClient, { address, directory }: PushRemote): Pushing {
  return {
    async send({ config, layers }, progress, signal) {
      const sent: Omit<Blob, "open">[] = [];
      for (const [at, { diffId, open: openLayer }] of layers.entries()) {
        await using packed = await pack(await openLayer(), path.join(directory, `layer-${at}`));
        const how = await sendBlob(client, packed.blob, { signal, told: (bytes) => progress(diffId, { bytes }) });
        progress(diffId, how);
        sent.push(packed.blob);
      }
      const configBlob: Blob = { digest: digestOf(config), size: config.byteLength, open: () => Readable.from([Buffer.from(config)]) };
      await sendBlob(client, configBlob, { signal, told: () => undefined });
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: PUSHED.manifest,
          config: { mediaType: PUSHED.config, size: configBlob.size, digest: configBlob.digest },
          layers: sent.map(({ digest, size }) => ({ mediaType: PUSHED.layer, size, digest })),
        }),
      );
      const answer = await client.ask(client.url(`manifests/${address.tag ?? "latest"}`), { method: "PUT", headers: { "content-type": PUSHED.manifest }, body: manifest, signal });
      await readBytes(answer, MAX_ANSWER_BYTES);
      if (answer.status !== 201) throw registryFailed(client.host, `it does not take the image's manifest (${answer.status})`);
      return { digest: digestOf(manifest), bytes: manifest.byteLength };
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** Pack a layer into a file, because a registry is told its digest and its size before it comes. */
async function pack(source: Readable, file: string): Promise<AsyncDisposable & { readonly blob: Blob }> {
  const handle = await open(file, "wx", 0o600);
  const hash = createHash("sha256");
  let size = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const disposal = { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
  try {
    await pipeline(source, createGzip(), count, handle.createWriteStream());
  } catch (error) {
    await disposal[Symbol.asyncDispose]();
    throw error;
  }
  return { blob: { digest: `sha256:${hash.digest("hex")}`, size, open: () => createReadStream(file) }, ...disposal };
}

async function sendBlob(
  client: RegistryClient,
  { digest, size, open: openBlob }: Blob,
  { signal, told }: { readonly signal: AbortSignal; readonly told: (bytes: number) => void },
): Promise<"there" | "done"> {
  const there = await client.ask(client.url(`blobs/${digest}`), { method: "HEAD", signal });
  if (there.status === 200) return "there";
  const begun = await client.ask(client.url("blobs/uploads/"), { method: "POST", headers: { "content-length": "0" }, signal });
  await readBytes(begun, MAX_ANSWER_BYTES);
  const location = begun.headers.get("location");
  const url = location === null ? null : URL.parse(location, client.url("").origin);
  if (begun.status !== 202 || url === null) throw registryFailed(client.host, `it takes no upload (${begun.status})`);
  if (url.origin !== client.url("").origin) throw registryFailed(client.host, "it wants its upload to go to another host, to where no rule lets an image go");
  url.searchParams.set("digest", digest);
  const body = Readable.toWeb(openBlob()) as unknown as NonNullable<RequestInit["body"]>;
  told(0);
  const answer = await client.ask(url, { method: "PUT", headers: { "content-type": "application/octet-stream", "content-length": String(size) }, body, signal });
  await readBytes(answer, MAX_ANSWER_BYTES);
  if (answer.status !== 201) throw registryFailed(client.host, `it does not take a part of the image (${answer.status})`);
  return "done";
}
