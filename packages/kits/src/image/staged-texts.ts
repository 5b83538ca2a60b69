import { parseKit } from "@sbx/core";
import { refusedImage } from "./refused-image.ts";

/** Where a published Kit has the files of its own in its image. */
const STAGED = /^\/usr\/share\/sandbox\/kit\/[A-Za-z0-9._-]+\/(?<name>[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)$/;

interface Json {
  readonly [key: string]: unknown;
}

/** Which texts of an image a published descriptor names, under which names its directory has them, and the descriptor with these names. @throws AppError `KIT_INVALID` */
export function stagedTexts(descriptor: string): { readonly wanted: ReadonlyMap<string, string>; readonly rewritten: string } {
  // Strictly read first: an alias or a key twice is none that another reader could see otherwise.
  parseKit(descriptor, { file: "the image's descriptor" });
  const value = jsonOf(descriptor);
  const wanted = new Map<string, string>();
  const rewrite = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map((inner) => rewrite(inner));
    if (!isObject(node)) return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, key === "contentFile" && typeof inner === "string" ? staged(inner) : rewrite(inner)]));
  };
  const staged = (file: string): string => {
    const name = STAGED.exec(file)?.groups?.["name"];
    if (name === undefined || name.split("/").some((part) => /^\.+$/.test(part)))
      throw refusedImage(`its descriptor names ${JSON.stringify(file)}, and a published Kit has its texts below /usr/share/sandbox/kit`);
    const inKit = `texts/${name}`;
    wanted.set(file.slice(1), inKit);
    return inKit;
  };
  return { rewritten: `${JSON.stringify(rewrite(value), undefined, 2)}\n`, wanted };
}

function isObject(node: unknown): node is Json {
  return typeof node === "object" && node !== null;
}

function jsonOf(descriptor: string): unknown {
  try {
    return JSON.parse(descriptor);
  } catch {
    throw refusedImage("its descriptor is no JSON document");
  }
}
