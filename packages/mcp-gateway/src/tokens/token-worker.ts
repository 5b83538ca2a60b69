// The thread that counts tokens: its table of words takes most of a second to load and 65 MB, which go with it.
import { parentPort } from "node:worker_threads";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { countText } from "./count-text.ts";

/** A text that names a special token is text. */
const count = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });

parentPort?.on("message", (texts: readonly string[]) => {
  parentPort?.postMessage(
    texts.map((text) => countText(text, count)),
    [],
  );
});
