/** Forms of images that agents read. */
export type ImageForm = "png" | "jpeg" | "gif" | "webp";

const BEGINNINGS: readonly (readonly [ImageForm, string])[] = [
  ["png", String.raw`^\x89PNG\r\n\x1A\n`],
  ["jpeg", String.raw`^\xFF\xD8\xFF`],
  ["gif", "^GIF8[79]a"],
  ["webp", "^RIFF[^]{4}WEBP"],
];

/** Which form an image has, by its first bytes; whatever its name or its giver says, others are none. */
export function imageForm(bytes: Uint8Array): ImageForm | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  return BEGINNINGS.find(([, beginning]) => new RegExp(beginning).test(head))?.[0];
}
