import { Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import { formatImageAddress, type ImageAddress } from "@sbx/egress-policy";
import type { RemoteImage } from "@sbx/docker-guard";
import { digestOf, MANIFEST_KINDS, MAX_DOCUMENT_BYTES, readManifest, type Manifest } from "./image-manifest.ts";
import { readBytes, type RegistryClient } from "./registry-client.ts";
import { registryFailed } from "./registry-ways.ts";

/** Find an image in a registry, and read what it says of itself; its layers are read when they are opened. Owns the client from now on. */
export async function pullRemote(client: RegistryClient, address: ImageAddress, { architecture, signal }: { readonly architecture: string; readonly signal: AbortSignal }): Promise<RemoteImage> {
  await using owned = new AsyncDisposableStack();
  owned.use(client);
  const { digest, manifest } = await findManifest(client, address, { architecture, signal });
  const config = await readBlob(client, manifest.config, signal);
  const kept = owned.move();
  return {
    digest,
    config,
    layers: manifest.layers.map((layer) => ({ digest: layer.digest, bytes: layer.size, open: (signal) => openBlob(client, layer.digest, signal) })),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function findManifest(
  client: RegistryClient,
  address: ImageAddress,
  { architecture, signal }: { readonly architecture: string; readonly signal: AbortSignal },
): Promise<{ readonly digest: string; readonly manifest: Manifest }> {
  const asked = await readDocument(client, address, { reference: address.digest ?? address.tag ?? "latest", signal });
  const first = readManifest(asked.bytes, { host: client.host, architecture });
  if (first.kind === "manifest") return { digest: asked.digest, manifest: first.manifest };
  const { bytes } = await readDocument(client, address, { reference: first.digest, signal });
  const second = readManifest(bytes, { host: client.host, architecture });
  if (second.kind !== "manifest") throw registryFailed(client.host, "its list of images leads to another list");
  return { digest: asked.digest, manifest: second.manifest };
}

async function readDocument(
  client: RegistryClient,
  address: ImageAddress,
  { reference, signal }: { readonly reference: string; readonly signal: AbortSignal },
): Promise<{ readonly digest: string; readonly bytes: Buffer }> {
  const answer = await client.ask(client.url(`manifests/${reference}`), { headers: { accept: MANIFEST_KINDS }, signal });
  const bytes = await readBytes(answer, MAX_DOCUMENT_BYTES);
  const name = formatImageAddress(address);
  if (answer.status === 404) throw new AppError("IMAGE_UNAVAILABLE", { message: `The registry has no image ${name}`, fix: "Look whether its name and tag are right." });
  if (answer.status !== 200) throw registryFailed(client.host, `it answers ${answer.status} to who asks for ${name}`);
  const digest = digestOf(bytes);
  const said = answer.headers.get("docker-content-digest");
  if ((reference.startsWith("sha256:") && digest !== reference) || (said !== null && said !== digest)) throw registryFailed(client.host, `it gave another manifest than it says for ${name}`);
  return { digest, bytes };
}

async function readBlob(client: RegistryClient, { digest, size }: Manifest["config"], signal: AbortSignal): Promise<Buffer> {
  if (size > MAX_DOCUMENT_BYTES) throw registryFailed(client.host, "the image's configuration is too long");
  const answer = await blobAnswer(client, digest, signal);
  const bytes = await readBytes(answer, size);
  if (digestOf(bytes) !== digest) throw registryFailed(client.host, "it gave another configuration than the image's manifest names");
  return bytes;
}

async function openBlob(client: RegistryClient, digest: string, signal: AbortSignal): Promise<Readable> {
  const { body } = await blobAnswer(client, digest, signal);
  return body === null ? Readable.from([]) : Readable.fromWeb(body, { signal });
}

async function blobAnswer(client: RegistryClient, digest: string, signal: AbortSignal): Promise<Response> {
  const answer = await client.follow(client.url(`blobs/${digest}`), { signal });
  if (answer.status === 200) return answer;
  await answer.body?.cancel();
  throw registryFailed(client.host, `a part of the image does not come (${answer.status})`);
}
