import { AppError } from "@sbx/contracts";

/** `KIT_INVALID` for an image that breaks its format, or holds what is taken from none. */
export function refusedImage(why: string): AppError {
  return new AppError("KIT_INVALID", { message: `This image cannot be a Kit: ${shown(why)}`, fix: "Take an image in OCI's layout, or an archive of one, from who made the Kit." });
}

/** One line, without control characters: names in an image are a stranger's. */
function shown(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
