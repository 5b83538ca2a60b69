import { AppError } from "@sbx/contracts";

/** Where a catalog lies in a registry. */
export interface ImageReference {
  /** Host, and port where one was written. */
  readonly registry: string;
  readonly repository: string;
  /** The digest where one was written, with `sha256:`, and else the tag. */
  readonly reference: string;
}

const REPOSITORY = /^(?=.{1,255}$)[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const DIGEST = /@(sha256:[0-9a-f]{64})$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i;
/** Where names without a host lie, and where its registry answers. */
const HUB = "docker.io";
const HUB_REGISTRY = "registry-1.docker.io";

/**
 * Parse `[HOST[:PORT]/]PATH[:TAG][@sha256:DIGEST]` as container tools do: the first part is a host when it has a dot or a
 * port, or is `localhost`. Without a host it is Docker Hub, without a tag `latest`.
 *
 * @throws AppError `USAGE`
 */
export function parseImageReference(text: string): ImageReference {
  const [name = "", digest] = text.split(DIGEST);
  const { host, rest } = split(name);
  const [path = "", tag = "latest", ...more] = rest.split(":");
  const repository = host === HUB && !path.includes("/") ? `library/${path}` : path;
  if (more.length > 0 || !HOST.test(host) || !REPOSITORY.test(repository) || !TAG.test(tag)) {
    throw new AppError("USAGE", { message: `"${text}" is no reference of a registry`, fix: "Write for example: registry.example.org/team/catalog:1" });
  }
  return { registry: host === HUB ? HUB_REGISTRY : host, repository, reference: digest ?? tag };
}

function split(text: string): { readonly host: string; readonly rest: string } {
  const at = text.indexOf("/");
  const first = text.slice(0, Math.max(at, 0));
  return /[.:]/.test(first) || first === "localhost" ? { host: first, rest: text.slice(at + 1) } : { host: HUB, rest: text };
}
