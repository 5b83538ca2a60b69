import { ImageFacts } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import type { SharedImage } from "../ports.ts";
import { noSuch, printable, Refusal } from "../refusal.ts";

/** An image of this sandbox by tag, full id or a prefix of its id. @throws Refusal 404 */
export async function findImage({ parts: { images } }: Pick<Guard, "parts">, reference: string): Promise<SharedImage> {
  const all = await images.list();
  const tagged = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
  const named = all.find(({ tags }) => tags.some((tag) => tag === tagged || tag === tagged.replace(/^docker\.io\/(?:library\/)?/, "")));
  if (named !== undefined) return named;
  const hex = reference.replace(/^sha256:/, "");
  const fitting = /^[0-9a-f]{4,64}$/.test(hex) ? all.filter(({ id }) => id.replace(/^sha256:/, "").startsWith(hex)) : [];
  const [one, two] = fitting;
  if (two !== undefined) throw new Refusal(400, `multiple IDs found with provided prefix: ${printable(reference)}`);
  if (one === undefined) throw noSuch("image", reference);
  return one;
}

/** What the engine says of an image that was found. @throws Refusal 404 when it is gone by now */
export async function imageFacts({ parts: { engine } }: Pick<Guard, "parts">, { id }: SharedImage): Promise<ImageFacts> {
  const { status, body } = await engine.call({ method: "GET", path: ["images", id, "json"] });
  if (status !== 200) throw noSuch("image", id);
  return ImageFacts.parse(body);
}
