import type { Guard } from "../guard.ts";
import { findImage } from "../life/resolve-image.ts";
import type { OwnedImage } from "../owned/owned-images.ts";
import { printable, Refusal } from "../refusal.ts";

/** One line of what `docker rmi` shows. */
export type Removed = { readonly Untagged: string } | { readonly Deleted: string };

/** Take a name from an image of the sandbox, or remove it when that was its last one. @throws Refusal 404 or 409 */
export async function removeImage(guard: Guard, reference: string, { force }: { readonly force: boolean }): Promise<readonly Removed[]> {
  const { image, name, tags } = await removable(guard, reference);
  if (name !== undefined && tags.length > 1) return untag(guard, { image, name, shared: tags.length > image.names.length });
  if (name === undefined && image.names.length > 1 && !force) throw conflict(reference, "(must be forced) - image is referenced in multiple repositories");
  const user = guard.containers.all().find(({ record }) => record.imageId === image.id);
  if (user === undefined) return removeWhole(guard, image);
  if (force && name !== undefined) return untag(guard, { image, name, shared: false });
  throw conflict(reference, `- container ${user.name} is using its referenced image; remove the container first`);
}

/** An image of the sandbox's own, with the name that is meant; without one it is meant by its id. */
async function removable(guard: Guard, reference: string): Promise<{ readonly image: OwnedImage; readonly name: string | undefined; readonly tags: readonly string[] }> {
  const { id, tags } = await findImage(guard, reference);
  const image = guard.images.get(id);
  const name = image?.names.find((one) => isMeant(one, reference));
  const isShared = name === undefined && tags.some((tag) => isMeant(tag, reference));
  if (image === undefined || isShared) throw new Refusal(409, `${printable(reference)} is shared with this sandbox by its person, and stays; what the sandbox itself made or brought can be removed`);
  return { image, name, tags };
}

function conflict(reference: string, why: string): Refusal {
  return new Refusal(409, `conflict: unable to remove ${printable(reference)} ${why}`);
}

/** Remove an image with all its names; what of it the engine keeps for others stays. */
export async function removeWhole(guard: Guard, image: OwnedImage): Promise<readonly Removed[]> {
  await guard.images.remove(image.id);
  for (const name of image.names) guard.events.tell({ type: "image", action: "untag", id: image.id, attributes: { name } });
  guard.events.tell({ type: "image", action: "delete", id: image.id, attributes: { name: image.id } });
  return [...image.names.map((Untagged) => ({ Untagged })), { Deleted: image.id }];
}

async function untag(guard: Guard, { image, name, shared }: { readonly image: OwnedImage; readonly name: string; readonly shared: boolean }): Promise<readonly Removed[]> {
  await guard.images.unname(name);
  // What is shared was noted only for the sake of that name.
  if (shared && image.names.length === 1) await guard.images.remove(image.id);
  guard.events.tell({ type: "image", action: "untag", id: image.id, attributes: { name } });
  return [{ Untagged: name }];
}

/** Whether a client means this name. */
function isMeant(name: string, reference: string): boolean {
  const familiar = reference.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, "");
  return name === familiar || name === `${familiar}:latest`;
}
