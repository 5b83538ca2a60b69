import { open } from "node:fs/promises";
import { PASTED_IMAGE } from "@sbx/contracts/sandbox-path";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { findSandbox } from "../find-sandbox.ts";
import { absolutePath } from "../run/workspace-path.ts";
import { show } from "../show.ts";
import { MOST_IMAGE_BYTES, readHostImage } from "./host-clipboard.ts";
import { imageForm } from "./image-form.ts";
import { runInside } from "./run-inside.ts";

/** `sbx paste`: one image, read once, because its person said so, into one sandbox. */
export async function giveImage(context: Context, ref: string | undefined, { file, json }: { readonly file: string | undefined; readonly json: boolean }): Promise<void> {
  const connection = await context.daemon.connect();
  const { name } = await findSandbox(connection.client, ref, context);
  const bytes = file === undefined ? await readHostImage() : await readFile(absolutePath(file, context));
  const form = imageForm(bytes);
  if (form === undefined || bytes.byteLength > MOST_IMAGE_BYTES)
    throw new AppError("PATH_REFUSED", {
      message: form === undefined ? "What is there is no PNG, JPEG, GIF or WebP" : "The image is larger than 16 MiB",
      fix: "Give another image; files of any kind are copied with: sbx cp",
    });
  const { code, output } = await runInside(connection, { sandbox: name, script: SCRIPT.replaceAll("FORM", form), input: bytes, most: 4096 });
  const path = cleanText(output.toString("utf8").trim());
  if (code !== 0) throw new AppError("PATH_REFUSED", { message: `The image could not be written in ${name}`, fix: `Look at ~/.sbx-pasted in it: sbx exec ${name} ls -la ~/.sbx-pasted` });
  show(context.io, json, { result: { sandbox: name, path, form, bytes: bytes.byteLength }, lines: () => [path] });
}

/** Keeps what was given before under its own name, and makes this the one that is pasted. */
const SCRIPT = String.raw`set -e
umask 077
latest="$HOME/${PASTED_IMAGE}"
mkdir -p "${"$"}{latest%/*}"
name="${"$"}{latest%/*}/image-$(date +%Y%m%d-%H%M%S)-$$.FORM"
cat > "$name"
for form in png jpeg gif webp; do rm -f "$latest.$form"; done
ln -s "$name" "$latest.FORM"
printf '%s\n' "$name"`;

async function readFile(path: string): Promise<Uint8Array> {
  try {
    await using handle = await open(path);
    const bytes = Buffer.alloc(MOST_IMAGE_BYTES + 1);
    let size = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, size, bytes.byteLength - size, null);
      size += bytesRead;
      if (bytesRead === 0 || size === bytes.byteLength) return bytes.subarray(0, size);
    }
  } catch (cause) {
    throw new AppError("PATH_NOT_FOUND", { message: `"${cleanText(path)}" cannot be read`, fix: "Name an image that you can read.", cause });
  }
}
