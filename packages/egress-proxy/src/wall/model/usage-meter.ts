import { HeldPieces } from "@sbx/contracts";
import type { Dialect } from "@sbx/secret-injector";

/** What the provider says a request used. `inputTokens` is without what came from or went to its cache, where it tells them apart. */
export interface Usage {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
}

/** Reads the usage figures out of an answer that passes by. Never changes, delays or rejects it. */
export interface UsageMeter {
  push(chunk: Buffer): void;
  /** `undefined` when the answer told none that was understood. */
  end(): Usage | undefined;
}

/** Longest line of an event stream, and longest JSON answer, that is looked at, in bytes. Longer ones are passed over. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_JSON_BYTES = 16 * 1024 * 1024;

type Found = { -readonly [K in keyof Usage]?: Usage[K] };

export function createUsageMeter(dialect: Dialect, contentType: string): UsageMeter {
  const found: Found = {};
  const take = (text: string): void => {
    const value = parseJson(text);
    for (const one of Array.isArray(value) ? value : [value]) Object.assign(found, READERS[dialect](one));
  };
  const collector = /^text\/event-stream\b/i.test(contentType)
    ? lineCollector((line) => {
        if (line.startsWith("data:")) take(line.slice(5));
      })
    : wholeCollector(take);
  return {
    push: collector.push,
    end() {
      collector.end();
      if (found.inputTokens === undefined && found.outputTokens === undefined) return undefined;
      return { ...found, model: found.model ?? "unknown", inputTokens: found.inputTokens ?? 0, outputTokens: found.outputTokens ?? 0 };
    },
  };
}

interface Collector {
  readonly push: (chunk: Buffer) => void;
  readonly end: () => void;
}

function wholeCollector(take: (text: string) => void): Collector {
  const held = new HeldPieces();
  let size = 0;
  return {
    push(chunk) {
      size += chunk.length;
      if (size <= MAX_JSON_BYTES) held.push(chunk);
      else held.clear();
    },
    end() {
      if (size <= MAX_JSON_BYTES) take(held.take().toString("utf8"));
    },
  };
}

function lineCollector(take: (line: string) => void): Collector {
  const held = new HeldPieces();
  let size = 0;
  const finish = (): void => {
    if (size > 0 && size <= MAX_LINE_BYTES) take(held.take().toString("utf8"));
    held.clear();
    size = 0;
  };
  const add = (part: Buffer): void => {
    size += part.length;
    if (size <= MAX_LINE_BYTES) held.push(part);
    else held.clear();
  };
  return {
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
        add(chunk.subarray(from, at));
        finish();
        from = at + 1;
      }
      add(chunk.subarray(from));
    },
    end: finish,
  };
}

const READERS: Readonly<Record<Dialect, (value: unknown) => Found>> = {
  anthropic(value) {
    const message = at(value, "message") ?? value;
    const usage = at(message, "usage");
    return known({
      model: text(at(message, "model")),
      inputTokens: count(at(usage, "input_tokens")),
      outputTokens: count(at(usage, "output_tokens")),
      cacheReadTokens: count(at(usage, "cache_read_input_tokens")),
      cacheWriteTokens: count(at(usage, "cache_creation_input_tokens")),
    });
  },
  openai(value) {
    const message = at(value, "response") ?? value;
    const usage = at(message, "usage");
    const cached = count(at(at(usage, "input_tokens_details") ?? at(usage, "prompt_tokens_details"), "cached_tokens"));
    const input = count(at(usage, "input_tokens") ?? at(usage, "prompt_tokens"));
    return known({
      model: text(at(message, "model")),
      inputTokens: input === undefined ? undefined : Math.max(0, input - (cached ?? 0)),
      outputTokens: count(at(usage, "output_tokens") ?? at(usage, "completion_tokens")),
      cacheReadTokens: cached,
    });
  },
  google(value) {
    const usage = at(value, "usageMetadata");
    const cached = count(at(usage, "cachedContentTokenCount"));
    const input = count(at(usage, "promptTokenCount"));
    const output = count(at(usage, "candidatesTokenCount"));
    const thoughts = count(at(usage, "thoughtsTokenCount"));
    return known({
      model: text(at(value, "modelVersion")),
      inputTokens: input === undefined ? undefined : Math.max(0, input - (cached ?? 0)),
      outputTokens: output === undefined && thoughts === undefined ? undefined : (output ?? 0) + (thoughts ?? 0),
      cacheReadTokens: cached,
    });
  },
};

function known(values: { readonly [K in keyof Usage]?: Usage[K] | undefined }): Found {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? ((Object.getOwnPropertyDescriptor(value, key)?.value as unknown) ?? undefined) : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]{1,100}$/.test(value) ? value : undefined;
}

function parseJson(textValue: string): unknown {
  try {
    return JSON.parse(textValue);
  } catch {
    return undefined;
  }
}
