import { arch } from "node:process";
import { blobName, type ImageFiles } from "./image-files.ts";
import { DESCRIPTOR_KEY, EngineManifest, ImageConfig, Index, Layout, Manifest, readDocument, type BlobReference } from "./image-documents.ts";
import { refusedImage } from "./refused-image.ts";

/** A layer of an image: the file that has it, and what it is by its digests. */
export interface ImageLayer {
  readonly file: string;
  /** Of the file as it lies there; unknown in an engine's archive, where `diffId` says all. */
  readonly digest?: string;
  /** Of the tar in it. */
  readonly diffId: string;
}

/** An image that is a Kit. */
export interface KitImage {
  readonly descriptor: string;
  readonly config: ImageConfig["config"];
  readonly layers: readonly ImageLayer[];
}

const INDEX_TYPES: ReadonlySet<string> = new Set(["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"]);
const ARCHITECTURE = arch === "x64" ? "amd64" : arch;

/** Read what an image says of itself, in OCI's layout or as an engine saved it. @throws AppError `KIT_INVALID` */
export async function openImage(files: ImageFiles): Promise<KitImage> {
  const layout = await files.text("oci-layout");
  if (layout !== undefined) {
    readDocument(Layout, layout, "oci-layout");
    return await openLayout(files);
  }
  const manifest = await files.text("manifest.json");
  if (manifest === undefined) throw refusedImage("it is neither in OCI's layout nor saved by an engine");
  return await openEngineArchive(files, manifest);
}

async function openLayout(files: ImageFiles): Promise<KitImage> {
  const text = await files.text("index.json");
  if (text === undefined) throw refusedImage("it has no index.json");
  const { reference, annotations } = await choose(files, readDocument(Index, text, "index.json"), 0);
  const manifest = readDocument(Manifest, await files.document(reference.digest), "its manifest");
  const config = configOf(await files.document(manifest.config.digest));
  if (config.rootfs.diff_ids.length !== manifest.layers.length) throw refusedImage("its manifest and its configuration have different numbers of layers");
  const layers = manifest.layers.map(({ digest }, at) => ({ file: blobName(digest), digest, diffId: config.rootfs.diff_ids[at] ?? "" }));
  return kitOf({ ...annotations, ...manifest.annotations }, config, layers);
}

interface Chosen {
  readonly reference: BlobReference;
  /** What indices above say of it. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** The one image of an index for this machine; an index may stand in an index once. */
async function choose(files: ImageFiles, index: ReturnType<typeof Index.parse>, depth: number): Promise<Chosen> {
  const fitting = index.manifests.filter(({ platform }) => platform === undefined || (platform.os === "linux" && platform.architecture === ARCHITECTURE));
  const [only, ...more] = fitting;
  if (only === undefined) throw refusedImage(`it has nothing for linux/${ARCHITECTURE}`);
  if (more.length > 0) throw refusedImage("it has several images, of which none is named");
  if (!INDEX_TYPES.has(only.mediaType)) return { reference: only, annotations: { ...index.annotations, ...only.annotations } };
  if (depth > 0) throw refusedImage("its indices are nested");
  const inner = await choose(files, readDocument(Index, await files.document(only.digest), "its index"), depth + 1);
  return { reference: inner.reference, annotations: { ...index.annotations, ...only.annotations, ...inner.annotations } };
}

async function openEngineArchive(files: ImageFiles, text: string): Promise<KitImage> {
  const [image] = readDocument(EngineManifest, text, "manifest.json");
  const written = await files.text(image?.Config ?? "");
  if (image === undefined || written === undefined) throw refusedImage("it has no configuration");
  const config = configOf(written);
  if (config.rootfs.diff_ids.length !== image.Layers.length) throw refusedImage("its configuration has another number of layers");
  return kitOf(
    {},
    config,
    image.Layers.map((file, at) => ({ file, diffId: config.rootfs.diff_ids[at] ?? "" })),
  );
}

function configOf(text: string): ImageConfig {
  const config = readDocument(ImageConfig, text, "its configuration");
  if (config.architecture !== ARCHITECTURE) throw refusedImage(`it is for ${config.architecture}, and this machine is ${ARCHITECTURE}`);
  return config;
}

function kitOf(annotations: Readonly<Record<string, string>>, { config }: ImageConfig, layers: readonly ImageLayer[]): KitImage {
  const descriptor = annotations[DESCRIPTOR_KEY] ?? config.Labels?.[DESCRIPTOR_KEY];
  if (descriptor === undefined) throw refusedImage(`neither its manifest nor its labels have ${DESCRIPTOR_KEY}`);
  return { descriptor, config, layers };
}
