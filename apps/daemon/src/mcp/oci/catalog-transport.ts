import * as z from "zod";
import type { WebDispatcher } from "../../web/web-dispatcher.ts";
import { CatalogManifest, digestOf, EMPTY_CONFIG, MANIFEST_TYPE, manifestOf, MAX_CATALOG_BYTES, MAX_MANIFEST_BYTES } from "./catalog-artifact.ts";
import { parseImageReference, type ImageReference } from "./image-reference.ts";
import { registryCredentials, type RegistryCredentials } from "./registry-credentials.ts";
import { registryFailure } from "./registry-failure.ts";
import { RegistrySession } from "./registry-session.ts";

/** A catalog as it came from a registry. */
export interface PulledCatalog {
  readonly text: string;
  /** Digest of its manifest. */
  readonly digest: string;
  /** What the person should know of how it came. */
  readonly notes: readonly string[];
}

/** Brings catalogs from registries and takes them there, by the distribution protocol of OCI. */
export interface CatalogTransport {
  /** @throws AppError `USAGE`, `REGISTRY_FAILED` when it is no catalog, is not what its digest says, or does not come */
  pull(reference: string, signal: AbortSignal): Promise<PulledCatalog>;
  /** @throws AppError `USAGE`, `REGISTRY_FAILED` */
  push(reference: string, text: string, signal: AbortSignal): Promise<{ readonly digest: string; readonly notes: readonly string[] }>;
}

const MAX_REDIRECTS = 3;
const SMALL = 64 * 1024;

/** Make the client of registries. */
export function createCatalogTransport({ dockerConfigDirectory, dispatcherOf }: { readonly dockerConfigDirectory: string; readonly dispatcherOf: WebDispatcher }): CatalogTransport {
  const open = async (where: ImageReference, actions: "pull" | "pull,push"): Promise<{ session: RegistrySession; notes: readonly string[] }> => {
    const credentials = await registryCredentials(where.registry, dockerConfigDirectory);
    return { session: new RegistrySession({ ...where, actions, credentials, dispatcherOf }), notes: notesOf(where, credentials) };
  };
  return {
    async pull(text, signal) {
      const where = parseImageReference(text);
      const { session, notes } = await open(where, "pull");
      const { manifest, digest } = await pullManifest(session, where, signal);
      const bytes = await pullBlob(session, manifest.layers[0], signal);
      return { text: bytes.toString("utf8"), digest, notes };
    },
    async push(text, document, signal) {
      const where = parseImageReference(text);
      const { session, notes } = await open(where, "pull,push");
      const bytes = Buffer.from(document);
      if (bytes.byteLength > MAX_CATALOG_BYTES) throw registryFailure(text, `the catalog is longer than ${MAX_CATALOG_BYTES >> 20} MiB`);
      await pushBlob(session, Buffer.from(EMPTY_CONFIG.text), signal);
      await pushBlob(session, bytes, signal);
      const manifest = manifestOf(bytes);
      const answer = await session.ask({ method: "PUT", url: session.url(`manifests/${where.reference}`), headers: { "content-type": MANIFEST_TYPE }, body: manifest, maxBytes: SMALL }, signal);
      if (answer.status !== 201) throw registryFailure(text, `it does not take the manifest (${answer.status})`);
      return { digest: digestOf(manifest), notes };
    },
  };
}

function notesOf({ registry }: ImageReference, credentials: RegistryCredentials): readonly string[] {
  return credentials.kind === "basic" ? [] : [`asked ${registry} without credentials: ${credentials.why}`];
}

async function pullManifest(session: RegistrySession, where: ImageReference, signal: AbortSignal): Promise<{ readonly manifest: CatalogManifest; readonly digest: string }> {
  const answer = await session.ask({ method: "GET", url: session.url(`manifests/${where.reference}`), headers: { accept: MANIFEST_TYPE }, maxBytes: MAX_MANIFEST_BYTES }, signal);
  const pinned = where.reference.includes(":");
  const name = `${where.registry}/${where.repository}${pinned ? "@" : ":"}${where.reference}`;
  if (answer.status === 404) throw registryFailure(name, "it is not there");
  if (answer.status !== 200) throw registryFailure(name, `the registry answered ${answer.status}`);
  const digest = digestOf(answer.body);
  if (pinned && digest !== where.reference) throw registryFailure(name, `what came is ${digest}`);
  const said = answer.header("docker-content-digest");
  if (said !== undefined && said !== digest) throw registryFailure(name, `its manifest is ${digest} and not ${said} as the registry says`);
  const parsed = CatalogManifest.safeParse(jsonOf(answer.body));
  if (!parsed.success) throw registryFailure(name, z.prettifyError(parsed.error));
  return { manifest: parsed.data, digest };
}

async function pullBlob(session: RegistrySession, { digest, size }: { readonly digest: string; readonly size: number }, signal: AbortSignal): Promise<Buffer> {
  let url = session.url(`blobs/${digest}`);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await session.ask({ method: "GET", url, maxBytes: Math.max(size, SMALL) }, signal);
    const location = answer.header("location");
    if (answer.status >= 300 && answer.status < 400 && location !== undefined) {
      url = new URL(location, url);
      continue;
    }
    if (answer.status !== 200) throw registryFailure(url.host, `the catalog's document does not come (${answer.status})`);
    if (answer.body.byteLength !== size || digestOf(answer.body) !== digest) throw registryFailure(url.host, `the catalog's document is not what its digest ${digest} says`);
    return answer.body;
  }
  throw registryFailure(url.host, `it goes round in more than ${MAX_REDIRECTS} redirects`);
}

async function pushBlob(session: RegistrySession, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const digest = digestOf(bytes);
  const there = await session.ask({ method: "HEAD", url: session.url(`blobs/${digest}`), maxBytes: SMALL }, signal);
  if (there.status === 200) return;
  const begun = await session.ask({ method: "POST", url: session.url("blobs/uploads/"), headers: { "content-length": "0" }, maxBytes: SMALL }, signal);
  const location = begun.header("location");
  if (begun.status !== 202 || location === undefined) throw registryFailure(session.origin, `it takes no upload (${begun.status})`);
  const url = new URL(location, session.origin);
  url.searchParams.set("digest", digest);
  const sent = await session.ask({ method: "PUT", url, headers: { "content-type": "application/octet-stream" }, body: bytes, maxBytes: SMALL }, signal);
  if (sent.status !== 201) throw registryFailure(session.origin, `it does not take the upload (${sent.status})`);
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
