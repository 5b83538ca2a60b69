import type { Guard } from "../guard.ts";
import { findImage } from "../life/resolve-image.ts";
import type { OwnedImage } from "../owned/owned-images.ts";
import { printable, Refusal } from "../refusal.ts";

/** One line of what `docker rmi` shows. */
export type Removed = { readonly Untagged: string } | { readonly Deleted: string };

/** Take a name from an image of the sandbox, or remove it when that was its last one. @throws Refusal 404 or 409 */
export async function removeImage(guard: Guard, reference: string, { force }: { readonly force: boolean }): Promise<readonly Removed[]> {
  const { id, tags } = await findImage(guard, reference);
  const image = guard.images.get(id);
  const name = image?.names.find((one) => isMeant(one, reference));
  const named = tags.some((tag) => isMeant(tag, reference));
  if (image?.step !== undefined || image === undefined || (named && name === undefined))
    throw new Refusal(409, `${printable(reference)} is shared with this sandbox by its person, and stays; what the sandbox itself made or brought can be removed`);
  if (name !== undefined && tags.length > 1) return untag(guard, { image, name, shared: tags.length > image.names.length });
  const conflict = `conflict: unable to remove ${printable(reference)}`;
  if (name === undefined && image.names.length > 1 && !force) throw new Refusal(409, `${conflict} (must be forced) - image is referenced in multiple repositories`);
  const user = guard.containers.all().find(({ record }) => record.imageId === id);
  if (user === undefined) return removeWhole(guard, image);
  if (force && name !== undefined) return untag(guard, { image, name, shared: false });
  throw new Refusal(409, `${conflict} - container ${user.name} is using its referenced image; remove the container first`);
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
