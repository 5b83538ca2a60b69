import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { anthropicMessages } from "./anthropic-messages.ts";
import { answerOf } from "./conversation.ts";
import type { Dialect, Written } from "./dialect.ts";
import { googleGenerate } from "./google-generate.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiResponses } from "./openai-responses.ts";

/** What came in, after decoding. */
export interface ScriptedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Dialect that answers, if any. */
  readonly dialect: string | undefined;
  /** Parsed JSON; `undefined` when there was none. */
  readonly body: unknown;
}

/** Where the scripted model listens, which key it wants, and who is told of each request. */
export interface ScriptedModelOptions {
  /** Address to listen on; loopback unless a test says otherwise. */
  readonly host?: string;
  /** A free one when absent. */
  readonly port?: number;
  /** Answer only requests that carry this key, as a provider would: 401 to others. */
  readonly expectKey?: string;
  readonly onRequest?: (request: ScriptedRequest) => void;
}

/** A scripted model that listens; disposing of it closes its port and its connections. */
export interface ScriptedModel extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const CHARACTERS_PER_TOKEN = 4;

/**
 * Start a model that follows a script: the shell command that the user's message holds is run through the agent's own
 * shell tool, and its output is quoted. Speaks what the agents speak: Anthropic Messages, OpenAI Responses and Chat
 * Completions, and Gemini.
 */
export async function startScriptedModel({ host = "127.0.0.1", port = 0, expectKey, onRequest = () => {} }: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const server = createServer((request, response) => {
    serve(request, response, { expectKey, onRequest }).catch(() => {
      if (response.headersSent) response.destroy();
      else sendError(response, 400, { type: "invalid_request_error", message: "the request could not be read" });
    });
  });
  server.on("upgrade", (_, socket) => {
    socket.end("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { expectKey, onRequest }: { readonly expectKey: string | undefined; readonly onRequest: (request: ScriptedRequest) => void },
): Promise<void> {
  const { url: path = "/", method = "GET" } = request;
  const dialect = method === "POST" ? dialectOf(path) : undefined;
  const bytes = await decode(await readBody(request), request.headers["content-encoding"]);
  const body: unknown = bytes.length === 0 ? undefined : JSON.parse(bytes.toString("utf8"));
  onRequest({ method, path, headers: request.headers, dialect: dialect?.name, body });
  if (expectKey !== undefined && !keysOf(request).includes(expectKey)) return sendError(response, 401, { type: "authentication_error", message: "the key is not the expected one" });
  if (method === "HEAD") return void response.writeHead(200).end();
  const counted = countOf(path, bytes.length);
  if (method === "POST" && counted !== undefined) return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(counted));
  if (dialect === undefined) return sendError(response, 404, { type: "not_found_error", message: "the scripted model has nothing at this path" });
  send(response, replyTo(dialect, { path, bytes, body }));
}

function replyTo(dialect: Dialect, { path, bytes, body }: { readonly path: string; readonly bytes: Buffer; readonly body: unknown }): Written {
  const conversation = dialect.read(body, path);
  const answer = answerOf(conversation);
  const output = answer.kind === "text" ? answer.text : JSON.stringify(answer.input);
  const figures = { input: tokens(bytes.length), output: tokens(output.length), id: createHash("sha256").update(bytes).digest("hex").slice(0, 24) };
  return dialect.write(answer, conversation, { ...figures, path });
}

function dialectOf(path: string): Dialect | undefined {
  const [pathname = ""] = path.split("?");
  if (pathname.endsWith("/messages")) return anthropicMessages;
  if (pathname.endsWith("/chat/completions")) return openaiChat;
  if (pathname.endsWith("/responses")) return openaiResponses;
  return /:(?:streamGenerateContent|generateContent)$/.test(pathname) ? googleGenerate : undefined;
}

/** The answer to a question for the number of tokens. */
function countOf(path: string, bytes: number): object | undefined {
  const [pathname = ""] = path.split("?");
  if (pathname.endsWith("/messages/count_tokens")) return { input_tokens: tokens(bytes) };
  return pathname.endsWith(":countTokens") ? { totalTokens: tokens(bytes) } : undefined;
}

function tokens(characters: number): number {
  return Math.max(1, Math.ceil(characters / CHARACTERS_PER_TOKEN));
}

function keysOf({ headers }: IncomingMessage): readonly unknown[] {
  return [headers["x-api-key"], headers["x-goog-api-key"], headers.authorization?.replace(/^Bearer +/i, "")];
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function decode(bytes: Buffer, coding = "identity"): Promise<Buffer> {
  const limit = { maxOutputLength: MAX_BODY_BYTES };
  switch (coding.trim().toLowerCase()) {
    case "identity":
      return bytes;
    case "gzip":
      return promisify(gunzip)(bytes, limit);
    case "deflate":
      return promisify(inflate)(bytes, limit);
    case "br":
      return promisify(brotliDecompress)(bytes, limit);
    case "zstd":
      return promisify(zstdDecompress)(bytes, limit);
    default:
      throw new Error("the coding of the body is unknown");
  }
}

function send(response: ServerResponse, { contentType, chunks }: Written): void {
  response.writeHead(200, { "content-type": contentType, "cache-control": "no-cache" });
  for (const chunk of chunks) response.write(chunk);
  response.end();
}

function sendError(response: ServerResponse, status: number, error: { readonly type: string; readonly message: string }): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ type: "error", error }));
}
