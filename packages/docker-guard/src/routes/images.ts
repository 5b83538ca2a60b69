import { imageAnswer, imageSummary, visibleLabels } from "../answers/image-answers.ts";
import { History } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import { fitsWildcards } from "../build/path-pattern.ts";
import type { Guard } from "../guard.ts";
import { json } from "../http/answer.ts";
import { allImages, findImage, imageFacts } from "../life/resolve-image.ts";
import { filterParameter, labelsFit, type Filters } from "./filter.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag } from "./schema/field.ts";

async function list(guard: Guard, { reference, label, dangling }: Filters<"dangling" | "label" | "reference">): Promise<readonly unknown[]> {
  const all = await Promise.all((await allImages(guard)).map(async (image) => ({ image, facts: await imageFacts(guard, image) })));
  return all
    .filter(
      ({ image, facts }) =>
        labelsFit(visibleLabels(facts), label) &&
        (dangling === undefined || dangling.some((one) => (one === "true" || one === "1") === (image.tags.length === 0))) &&
        (reference === undefined || reference.some((one) => image.tags.some((tag) => nameMatches(tag, one)))),
    )
    .map(({ image, facts }) => imageSummary(image, facts));
}

/** Whether a name is one that a pattern means; a pattern without a tag means every one. */
function nameMatches(name: string, pattern: string): boolean {
  return fitsWildcards(pattern, name) || fitsWildcards(pattern, name.replace(/(?::[^/:]*|@.*)$/, ""));
}

async function history(guard: Guard, reference: string): Promise<unknown> {
  const { id, tags } = await findImage(guard, reference);
  const answer = await guard.parts.engine.call({ method: "GET", path: ["images", id, "history"] });
  if (answer.status !== 200) throw refusalOf(answer, "the image has no history");
  return History.parse(answer.body).map(({ Created, CreatedBy, Size, Comment }, at) => ({ Id: at === 0 ? id : "<missing>", Created, CreatedBy, Tags: at === 0 ? tags : null, Size, Comment }));
}

/** Images that the sandbox has. */
export const IMAGE_ROUTES: readonly GuardRoute[] = [
  route("GET images/json", {
    means: "lists images",
    query: queryOf({ all: Flag, digests: Flag, "shared-size": Flag, manifests: Flag, only_ids: Flag, filters: filterParameter(["dangling", "label", "reference"]) }),
    handle: async ({ guard, query: { filters = {} } }) => json(await list(guard, filters)),
  }),
  route("GET images/{name*}/json", {
    means: "says everything of an image",
    query: queryOf({ manifests: Flag }),
    handle: async ({ guard, param }) => {
      const image = await findImage(guard, param);
      return json(imageAnswer(image, await imageFacts(guard, image)));
    },
  }),
  route("GET images/{name*}/history", { means: "how it was made", handle: async ({ guard, param }) => json(await history(guard, param)) }),
];
