import { pack } from "tar-stream";
import type { FuzzCase } from "./fuzz-case.ts";

type Form = FuzzCase["form"];
const JSON_TYPE = "Content-Type: application/json\r\n";

interface Written {
  readonly line: string;
  readonly type: string;
  readonly body: Buffer;
}

const head = ({ line, type }: Written, ...more: readonly string[]) => `${line} HTTP/1.1\r\nHost: docker\r\n${type}${more.map((one) => `${one}\r\n`).join("")}\r\n`;
const chunk = (body: Buffer, words = "") => (body.length === 0 ? [] : [Buffer.from(`${body.length.toString(16)}${words}\r\n`), body, Buffer.from("\r\n")]);
const whole = (text: string, body: Buffer) => Buffer.concat([Buffer.from(text), body]);
const lengthOf = ({ body }: Written) => `Content-Length: ${body.length}`;
const changedHead = (written: Written, change: (text: string) => string) => whole(change(head(written, lengthOf(written), "Connection: close")), written.body);

/** What is to be created a second time, if anybody takes the rest for a request. */
const SECOND = '{"Image":"debian:12","HostConfig":{"Privileged":true}}';
const SMUGGLED = `POST /v1.41/containers/create HTTP/1.1\r\nHost: docker\r\n${JSON_TYPE}Content-Length: ${SECOND.length}\r\n\r\n${SECOND}`;

const WRITERS: Readonly<Record<Form, (written: Written) => Buffer>> = {
  plain: (written) => whole(head(written, lengthOf(written), "Connection: close"), written.body),
  chunked: (written) => whole(head(written, "Transfer-Encoding: chunked", "Connection: close"), Buffer.concat([...chunk(written.body), Buffer.from("0\r\n\r\n")])),
  "chunk-extension": (written) => whole(head(written, "Transfer-Encoding: chunked", "Connection: close"), Buffer.concat([...chunk(written.body, ";a=b"), Buffer.from("0;c\r\n\r\n")])),
  upgrade: (written) => whole(head(written, lengthOf(written), "Connection: Upgrade", "Upgrade: tcp"), written.body),
  "upgrade-h2c": (written) => whole(head(written, lengthOf(written), "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), written.body),
  "length-and-chunks": (written) => whole(head(written, "Content-Length: 4", "Transfer-Encoding: chunked", "Connection: close"), Buffer.concat([...chunk(written.body), Buffer.from("0\r\n\r\n")])),
  "two-lengths": (written) => whole(head(written, "Content-Length: 0", lengthOf(written), "Connection: close"), written.body),
  "length-too-short": (written) => whole(head(written, `Content-Length: ${Math.max(0, written.body.length - 7)}`), Buffer.concat([written.body, Buffer.from(SMUGGLED)])),
  "length-too-long": (written) => whole(head(written, `Content-Length: ${written.body.length + 9}`, "Connection: close"), written.body),
  "bare-line-feeds": (written) => changedHead(written, (text) => text.replaceAll("\r\n", "\n")),
  "folded-header": (written) => changedHead(written, (text) => text.replace("Host: docker\r\n", "Host: docker\r\nX-A: b\r\n c\r\n")),
  "blank-before-colon": (written) => changedHead(written, (text) => text.replace("Content-Length:", "Content-Length :")),
  "absolute-target": (written) => changedHead(written, (text) => text.replace(" /", " http://docker/")),
  "http-1.0": (written) => changedHead(written, (text) => text.replace("HTTP/1.1", "HTTP/1.0")),
  pipelined: (written) => Buffer.concat([whole(head(written, lengthOf(written)), written.body), Buffer.from(SMUGGLED)]),
  "no-content-type": (written) => changedHead(written, (text) => text.replace(/Content-Type:[^\n]*\n/, "")),
  "small-letters": (written) => changedHead(written, (text) => text.replaceAll(/^(?:Host|Content-Type|Content-Length)/gm, (name) => name.toLowerCase())),
  "zero-byte-in-header": (written) => changedHead(written, (text) => text.replace("Host: docker", "Host: docker\u0000x")),
  "encoded-body": (written) => changedHead(written, (text) => text.replace("Host: docker", "Host: docker\r\nContent-Encoding: gzip")),
  "expect-continue": (written) => changedHead(written, (text) => text.replace("Host: docker", "Host: docker\r\nExpect: 100-continue")),
  "line-feeds-first": (written) => changedHead(written, (text) => `\r\n\r\n${text}`),
  "method-in-small-letters": (written) => changedHead(written, (text) => text.replace(/^[A-Z]+/, (method) => method.toLowerCase())),
  trailer: (written) => whole(head(written, "Transfer-Encoding: chunked", "Trailer: Host", "Connection: close"), Buffer.concat([...chunk(written.body), Buffer.from("0\r\nHost: x\r\n\r\n")])),
  "two-hosts": (written) => changedHead(written, (text) => text.replace("Host: docker", "Host: docker\r\nHost: other")),
};

/** Forms that may leave the other side waiting for more. */
export const OPEN_FORMS: ReadonlySet<Form> = new Set(["length-too-short", "length-too-long", "pipelined", "length-and-chunks", "two-lengths", "upgrade", "upgrade-h2c"]);

/** All bytes of a request. */
export async function requestBytes({ method, target, body = "", files, form, noise = [] }: FuzzCase): Promise<Buffer> {
  const written = files === undefined ? { type: body === "" ? "" : JSON_TYPE, body: Buffer.from(body) } : { type: "Content-Type: application/x-tar\r\n", body: await tarOf(files) };
  const bytes = WRITERS[form]({ line: `${method} ${target}`, ...written });
  for (const [at, value] of noise) if (at < bytes.length) bytes[at] = value;
  return bytes;
}

async function tarOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name }, text);
  // One that leads out, for whoever follows links.
  tar.entry({ name: "link", type: "symlink", linkname: "/etc/passwd" });
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
