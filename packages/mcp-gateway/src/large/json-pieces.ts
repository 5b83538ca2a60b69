import { randomBytes } from "node:crypto";
import { isList, isObject, type Json } from "../jsonrpc/json.ts";
import { LargeText } from "./large-text.ts";

/** Write a value as JSON, its large texts piece by piece. */
export async function* jsonPieces(value: Json): AsyncGenerator<string, void, undefined> {
  const mark = randomBytes(24).toString("base64url");
  const texts: LargeText[] = [];
  const parts = JSON.stringify(marked(value, mark, texts)).split(`"${mark}"`);
  for (const [at, part] of parts.entries()) {
    yield part;
    const text = texts[at];
    if (text === undefined) continue;
    yield '"';
    for await (const piece of text.read()) yield JSON.stringify(piece).slice(1, -1);
    yield '"';
  }
}

/** The same with a word of ours in the place of each large text, which nobody can have guessed. */
function marked(value: Json, mark: string, texts: LargeText[]): Json {
  // What is Json for whoever does not know of it.
  const thing: unknown = value;
  if (thing instanceof LargeText) {
    texts.push(thing);
    return mark;
  }
  if (isList(value)) return value.map((item) => marked(item, mark, texts));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, marked(item, mark, texts)]));
  return value;
}

/** The same value with its large texts in it as they are. They must be few enough to be held. */
export async function wholeJson(value: Json): Promise<Json> {
  const thing: unknown = value;
  if (thing instanceof LargeText) {
    let text = "";
    for await (const piece of thing.read()) text += piece;
    return text;
  }
  if (isList(value)) return await Promise.all(value.map(wholeJson));
  if (!isObject(value)) return value;
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, item]): Promise<[string, Json]> => [name, await wholeJson(item)])));
}
