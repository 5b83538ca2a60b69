import type { EngineId, ImageSummary } from "../ports/engine.ts";

/** Who needs images, and which others may go. */
export interface ImageNeeds {
  /** Images that sandboxes and templates are made of, and those that the next sandbox would be. */
  readonly used: ReadonlySet<EngineId>;
  /** Names of the templates' images. */
  readonly templates: ReadonlySet<string>;
  /** Whose daemon this is: templates of others are theirs. */
  readonly owner: string;
  /** Images that agents are made of go only when they are older, in milliseconds since 1970; without it they stay. */
  readonly before?: number | undefined;
}

/** Label of a template's image, which says whose it is. */
export const TEMPLATE_OF = "dev.sbx.template-of";

/**
 * The names of images that nobody needs, of those that carry `dev.sbx.image`. What a needed one is made from is needed too. An image of
 * packages was made for sandboxes that are gone; one of an agent is made anew when it is wanted, which takes its time. Images that
 * everything is made of stay.
 */
export function unneededImages(images: readonly ImageSummary[], { used, templates, owner, before }: ImageNeeds): readonly string[] {
  const byId = new Map(images.map((image) => [image.id, image]));
  const needed = new Set<EngineId>();
  for (let at of used) {
    for (let image = byId.get(at); image !== undefined && !needed.has(at); image = byId.get(at)) {
      needed.add(at);
      at = image.parent ?? "";
    }
  }
  return images
    .filter(({ id }) => !needed.has(id))
    .toSorted((one, other) => other.createdAt - one.createdAt)
    .flatMap(({ references, labels, createdAt }) => references.filter((reference) => mayGo(reference, { labels, isOld: before !== undefined && createdAt < before }, { templates, owner })));
}

function mayGo(reference: string, { labels, isOld }: { readonly labels: ImageSummary["labels"]; readonly isOld: boolean }, { templates, owner }: Pick<ImageNeeds, "templates" | "owner">): boolean {
  if (reference.startsWith("sbx/packages:")) return true;
  if (reference.startsWith("sbx/template:")) return labels[TEMPLATE_OF] === owner && !templates.has(reference);
  return isOld && /^sbx\/(?:agent-[^:/]+|layered|template-docker):/.test(reference);
}
