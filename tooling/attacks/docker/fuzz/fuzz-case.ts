/** Ways to put a request into bytes: as clients do, and as another reader could take for something else. */
export const FORMS = [
  "plain",
  "chunked",
  "chunk-extension",
  "upgrade",
  "upgrade-h2c",
  "length-and-chunks",
  "two-lengths",
  "length-too-short",
  "length-too-long",
  "bare-line-feeds",
  "folded-header",
  "blank-before-colon",
  "absolute-target",
  "http-1.0",
  "pipelined",
  "no-content-type",
  "small-letters",
  "zero-byte-in-header",
  "encoded-body",
  "expect-continue",
  "line-feeds-first",
  "method-in-small-letters",
  "trailer",
  "two-hosts",
] as const;

/** One request, written so that it can be kept: `{{child}}` and the like stand for what is there when it is sent. */
export interface FuzzCase {
  readonly kind: "create" | "exec" | "build" | "volume" | "network";
  readonly method: string;
  readonly target: string;
  readonly body?: string;
  /** Files of a build's context, sent as a tar in place of a body. */
  readonly files?: Readonly<Record<string, string>>;
  readonly form: (typeof FORMS)[number];
  /** Bytes of the whole that are others when it is sent: place and value. */
  readonly noise?: readonly (readonly [at: number, value: number])[];
}

/** What stands for `{{name}}`. */
export type Places = Readonly<Record<string, string>>;

/** Put what is there into a case. */
export function placed({ body, ...rest }: FuzzCase, places: Places): FuzzCase {
  const put = (text: string) => text.replaceAll(/\{\{(\w+)\}\}/g, (found, name: string) => places[name] ?? found);
  return { ...rest, target: put(rest.target), ...(body === undefined ? {} : { body: put(body) }) };
}
