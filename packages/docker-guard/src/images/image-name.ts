import { printable, Refusal } from "../refusal.ts";

/** What a client calls an image, taken apart. */
export interface ImageName {
  /** As clients show it: "debian", "localhost:5000/team/app". */
  readonly repository: string;
  readonly tag: string | undefined;
  /** "sha256:…" of a manifest. */
  readonly digest: string | undefined;
}

const LABEL = /[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/.source;
const HOST = `(?:localhost|${LABEL}(?:\\.${LABEL})+|${LABEL}(?=:\\d))(?::\\d{1,5})?`;
const COMPONENT = /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/.source;
const NAME = new RegExp(`^((?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`);

/** Read the name of an image in one way only. The two ways to write Docker's own library become one. @throws Refusal 400 */
export function parseImageName(text: string): ImageName {
  const [whole, repository = "", tag, digest] = text.length > 255 ? [] : (NAME.exec(text) ?? []);
  if (whole === undefined || /^[0-9a-f]{64}$/.test(repository)) throw new Refusal(400, `invalid reference format: ${printable(text)}`);
  return { repository: repository.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, ""), tag, digest };
}

/** "repository:tag", with the tag that is meant when there is none. */
export function taggedName({ repository, tag = "latest" }: Pick<ImageName, "repository" | "tag">): string {
  return `${repository}:${tag}`;
}
