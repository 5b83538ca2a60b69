import { ImageFacts } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import type { SharedImage } from "../ports.ts";
import { noSuch, printable, Refusal } from "../refusal.ts";

type Images = Pick<Guard, "parts" | "images">;

/** Every image that the sandbox may run: its own, and those that are shared with it. Its own names count before theirs. */
export async function allImages({ parts, images }: Images): Promise<readonly SharedImage[]> {
  const owned = images.all();
  const taken = new Set(owned.flatMap(({ names }) => names));
  const shared = (await parts.images.list()).map(({ id, tags }) => ({ id, tags: tags.filter((tag) => !taken.has(tag)) }));
  const tagsOf = (id: string) => shared.find((one) => one.id === id)?.tags ?? [];
  return [...owned.map(({ id, names }) => ({ id, tags: [...names, ...tagsOf(id)] })), ...shared.filter(({ id }) => images.get(id)?.step !== undefined || images.get(id) === undefined)];
}

/** An image of this sandbox by name, full id or a prefix of its id. @throws Refusal 404 */
export async function findImage(guard: Images, reference: string): Promise<SharedImage> {
  const all = await allImages(guard);
  const tagged = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
  const familiar = tagged.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, "");
  const named = all.find(({ tags }) => tags.includes(tagged) || tags.includes(familiar));
  if (named !== undefined) return named;
  const hex = reference.replace(/^sha256:/, "");
  const fitting = /^[0-9a-f]{4,64}$/.test(hex) ? all.filter(({ id }) => id.replace(/^sha256:/, "").startsWith(hex)) : [];
  const [one, two] = fitting;
  if (two !== undefined) throw new Refusal(400, `multiple IDs found with provided prefix: ${printable(reference)}`);
  if (one === undefined) throw noSuch("image", reference);
  return one;
}

/** What the engine says of an image that was found. @throws Refusal 404 when it is gone by now */
export async function imageFacts({ parts: { engine } }: Pick<Guard, "parts">, { id }: Pick<SharedImage, "id">): Promise<ImageFacts> {
  const { status, body } = await engine.call({ method: "GET", path: ["images", id, "json"] });
  if (status !== 200) throw noSuch("image", id);
  return ImageFacts.parse(body);
}
