import type { ImageConfig } from "./image-documents.ts";
import { refusedImage } from "./refused-image.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const USER = /^[A-Za-z0-9_.-]{1,64}(?::[A-Za-z0-9_.-]{1,64})?$/;

/** Write the recipe that makes an image of one tar with its files, and says of it what its configuration says. @throws AppError `KIT_INVALID` */
export function recipeOfImage({ User, WorkingDir, Env, Entrypoint, Cmd }: ImageConfig["config"], tar: string): string {
  const user = User ?? "";
  const workdir = WorkingDir ?? "";
  if (user !== "" && !USER.test(user)) throw refusedImage(`its user is ${JSON.stringify(user)}`);
  const lines = [
    "FROM scratch",
    `ADD ${tar} /`,
    ...(Env ?? []).map((pair) => variable(pair)),
    ...(workdir === "" ? [] : [`WORKDIR ${quoted(workdir, "the working directory")}`]),
    ...(user === "" ? [] : [`USER ${user}`]),
    ...command("ENTRYPOINT", Entrypoint ?? []),
    ...command("CMD", Cmd ?? []),
  ];
  return `${lines.join("\n")}\n`;
}

function command(name: string, words: readonly string[]): readonly string[] {
  return words.length === 0 ? [] : [`${name} ${list(words)}`];
}

function variable(pair: string): string {
  const equals = pair.indexOf("=");
  const name = pair.slice(0, equals);
  if (equals < 1 || !NAME.test(name)) throw refusedImage(`it has a variable ${JSON.stringify(name)}`);
  return `ENV ${name}=${quoted(pair.slice(equals + 1), `the variable ${name}`)}`;
}

/** In a form that the builder takes for nothing but itself. */
function quoted(text: string, what: string): string {
  if (/[\p{Cc}\p{Cf}]|[^\P{Z} ]/u.test(text)) throw refusedImage(`${what} has characters that no line of a recipe can have`);
  return `"${text.replaceAll(/["\\$]/g, String.raw`\$&`)}"`;
}

/** A list in characters that every reader takes for the same. */
function list(words: readonly string[]): string {
  return JSON.stringify(words).replaceAll(/[^\u0020-\u003B\u003D-\u007E]/g, (character) => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
