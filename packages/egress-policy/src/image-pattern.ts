import { AppError } from "@sbx/contracts";
import { parseHost } from "./host.ts";
import { parseIpv4 } from "./ipv4.ts";

/** An image in a registry, in the one form in which images are compared. */
export interface ImageAddress {
  /** Host, and port where one was written: "docker.io", "127.0.0.1:5000". */
  readonly registry: string;
  /** "library/debian". */
  readonly repository: string;
  /** Absent with a digest: then that alone is meant. */
  readonly tag?: string;
  /** "sha256:…" of a manifest. */
  readonly digest?: string;
}

/** Which images a rule is about. */
export interface ImagePattern {
  readonly registry: string;
  /** The repository, or what it begins with. */
  readonly path: string;
  /** `one`: repositories right below `path`; `deep`: all below it. */
  readonly below: "nothing" | "one" | "deep";
  /** Absent: any tag, and any digest. */
  readonly tag?: string;
  readonly digest?: string;
}

/** The registry that is meant where none is named, and where its images lie that have one word for a name. */
const HUB = "docker.io";
const HUB_OFFICIAL = "library";
const COMPONENT = /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/.source;
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const MAX_LENGTH = 400;

/**
 * Read the name of an image as container tools do: the first part is a host when it has a dot or a port, or is
 * `localhost`; without one Docker Hub is meant, and without tag or digest `latest`.
 *
 * @throws AppError `CONFIG_INVALID`
 */
export function parseImageAddress(text: string): ImageAddress {
  const { name, tag, digest } = takeApart(text);
  const { registry, path } = placeOf(text, name);
  if (!PATH.test(path)) throw invalid(text, "it is no name of an image");
  return { registry, repository: path, ...(digest === undefined ? { tag: tag ?? "latest" } : { digest }) };
}

/**
 * Read what a rule says of images: `registry.example.org/team/app`, `…/team/*` (one level), `…/team/**` (any depth), each
 * with `:TAG` or `@sha256:…` behind it where only that is meant. There is no pattern of registries.
 *
 * @throws AppError `CONFIG_INVALID`
 */
export function parseImagePattern(text: string): ImagePattern {
  const { name, tag, digest } = takeApart(text);
  // A host alone would be read as an image of Docker Hub, and a star alone as all that Docker keeps there.
  if (/^[^/]*[.*][^/]*$/.test(name)) throw invalid(text, "it is a registry without a repository");
  const stars = /(?:^|\/)(\*{1,2})$/.exec(name);
  const { registry, path } = placeOf(text, stars === null ? name : name.slice(0, stars.index), stars !== null);
  if (path === "" ? stars === null : !PATH.test(path)) throw invalid(text, "it names no repository");
  if (tag !== undefined && digest !== undefined) throw invalid(text, "it has a tag and a digest");
  const below = stars?.[1] === "**" ? "deep" : stars === null ? "nothing" : "one";
  return { registry, path, below, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Whether a rule is about an image. A rule with a tag is about no digest, which may be any image. */
export function coversImage(pattern: ImagePattern, image: ImageAddress): boolean {
  if (pattern.registry !== image.registry) return false;
  if (pattern.digest !== undefined ? pattern.digest !== image.digest : pattern.tag !== undefined && (image.digest !== undefined || pattern.tag !== image.tag)) return false;
  if (pattern.below === "nothing") return pattern.path === image.repository;
  const prefix = pattern.path === "" ? "" : `${pattern.path}/`;
  if (!image.repository.startsWith(prefix)) return false;
  const rest = image.repository.slice(prefix.length);
  return rest !== "" && (pattern.below === "deep" || !rest.includes("/"));
}

/** An image as people write it. */
export function formatImageAddress({ registry, repository, tag, digest }: ImageAddress): string {
  return `${registry}/${repository}${digest === undefined ? `:${tag ?? "latest"}` : `@${digest}`}`;
}

function takeApart(text: string): { readonly name: string; readonly tag: string | undefined; readonly digest: string | undefined } {
  if (text.length === 0 || text.length > MAX_LENGTH) throw invalid(text, "it is empty or too long");
  const [before = "", digest, ...more] = text.split("@");
  const colon = before.lastIndexOf(":");
  const hasTag = colon > before.lastIndexOf("/");
  const tag = hasTag ? before.slice(colon + 1) : undefined;
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest)) || (tag !== undefined && !TAG.test(tag))) throw invalid(text, "its tag or digest is none");
  return { name: hasTag ? before.slice(0, colon) : before, tag, digest };
}

/** Split host and path. With `open` the name may be a host alone, because a star stood behind it. */
function placeOf(text: string, name: string, open = false): { readonly registry: string; readonly path: string } {
  const [first = "", ...rest] = name.split("/");
  const isHost = (rest.length > 0 || open) && (/[.:]/.test(first) || first === "localhost");
  const registry = isHost ? registryOf(text, first) : HUB;
  const path = isHost ? rest.join("/") : name;
  return { registry, path: registry === HUB && !open && /^[^/]+$/.test(path) ? `${HUB_OFFICIAL}/${path}` : path };
}

function registryOf(text: string, written: string): string {
  const [hostText = "", port, ...more] = written.split(":");
  const host = parseIpv4(hostText) === undefined ? parseHost(hostText) : hostText;
  const isPort = port === undefined || (/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535);
  if (host === undefined || !isPort || more.length > 0) throw invalid(text, "it has no host that could be a registry");
  if (port === undefined && (host === "index.docker.io" || host === "registry-1.docker.io")) return HUB;
  return port === undefined ? host : `${host}:${port}`;
}

function invalid(text: string, why: string): AppError {
  const shown = text.slice(0, MAX_LENGTH).replaceAll(/[^\x20-\x7e]/g, "?");
  return new AppError("CONFIG_INVALID", {
    message: `"${shown}" names no images: ${why}`,
    fix: "Write for example registry.example.org/team/*, postgres:16, or registry.example.org/team/app@sha256:…",
  });
}
