import { isCapability, type Kit } from "./kit.ts";

/** Paths, inside a Kit's directory, of what its descriptor refers to. */
export interface KitFiles {
  /** The recipe; `undefined` when it stands in the descriptor. */
  readonly dockerfile: string | undefined;
  /** Texts of agent-context@1. */
  readonly contents: readonly string[];
}

/** Which files must be read before a Kit can be resolved. The recipe is the named one, or the descriptor's companion. */
export function kitFiles(kit: Kit, descriptorFile: string): KitFiles {
  const { build, dockerfile } = kit.descriptor;
  const members = kit.declarations.flatMap((declaration) => declaration.members);
  const contents = members.flatMap((member) => (isCapability(member, "com.docker.sandbox/agent-context@1") ? [member.config.contentFile ?? []].flat() : []));
  return { dockerfile: build === undefined ? (dockerfile ?? descriptorFile.replace(/\.ya?ml$/u, ".dockerfile")) : undefined, contents };
}

/** In the directory of a Kit that came as an image: all files of the image, as one tar. It counts for no limit of what a person writes. */
export const KIT_ROOT_TAR = "kit.root.tar";
