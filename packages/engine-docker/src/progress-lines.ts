import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Longest line of the engine's that is understood. */
const LINE_BYTES = 4 * 1024 * 1024;

/** One message of a pull, an import or a build. */
export interface ProgressMessage {
  /** Text of a build step; may be a part of a line, or several. */
  readonly stream?: string;
  /** State of a download. */
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  /** Id of the image that a build made. */
  readonly imageId?: string;
}

/** Read the engine's stream of JSON documents, one a line. Lines of any other form are passed over. */
export async function* readProgress(stream: Readable): AsyncGenerator<ProgressMessage> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest += decoder.write(chunk);
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_BYTES) throw new Error("the engine sent a line that is too long");
    yield* lines.flatMap(parseMessage);
  }
  yield* parseMessage(rest);
}

function parseMessage(line: string): readonly ProgressMessage[] {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null) return [];
  const text = (key: string): string | undefined => {
    const found: unknown = Reflect.get(value, key);
    return typeof found === "string" ? found : undefined;
  };
  const aux: unknown = Reflect.get(value, "aux");
  const imageId: unknown = typeof aux === "object" && aux !== null ? Reflect.get(aux, "ID") : undefined;
  const message = { stream: text("stream"), status: text("status"), id: text("id"), error: text("error"), imageId: typeof imageId === "string" ? imageId : undefined };
  return [Object.fromEntries(Object.entries(message).filter(([, found]) => found !== undefined))];
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Gather parts of text into lines. */
export class LineGatherer {
  readonly #line: (line: string) => void;
  #rest = "";

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n|\r/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") this.#line(line);
  }

  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }
}
