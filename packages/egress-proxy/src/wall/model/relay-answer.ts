import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Transform } from "node:stream";
import type { RecordPodEvent, SandboxId } from "@sbx/contracts";
import { createScrubber, scrubText, type Secret } from "@sbx/secret-injector";
import type { Dispatcher } from "undici";
import { decoded } from "../decoded.ts";
import { codeOf } from "../dial.ts";
import { endToEndHeaders, toNodeHeaders, type Header } from "../http-headers.ts";
import { reset } from "../socket.ts";
import type { ModelBinding } from "./model-binding.ts";
import { createUsageMeter } from "./usage-meter.ts";

export interface RelayOptions {
  readonly sandbox: SandboxId;
  readonly binding: ModelBinding;
  readonly secret: Secret;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: RecordPodEvent;
  readonly bodyBytes: number;
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Record<string, string | string[]>;
  readonly deny: (status: number, type: string, reason: string) => void;
}

const DROP_FROM_ANSWER: ReadonlySet<string> = new Set(["set-cookie", "alt-svc", "strict-transport-security", "www-authenticate", "content-encoding", "content-length", "trailer", "nel", "report-to"]);

/** Send the request on and stream the answer back. Never rejects; the upstream ends when the client goes away. */
export async function relayModelAnswer(options: RelayOptions): Promise<void> {
  const { request, response, binding, deny } = options;
  const gone = new AbortController();
  response.once("close", () => {
    gone.abort();
  });
  let reply: Dispatcher.ResponseData;
  try {
    const body = hasBody(request) ? request.pipe(limitBody(options.bodyBytes)) : null;
    reply = await options.dispatcher.request({
      origin: options.origin,
      path: options.path,
      method: request.method ?? "GET",
      headers: options.headers,
      body,
      signal: gone.signal,
      responseHeaders: "raw",
    });
  } catch (error) {
    if (!response.destroyed) deny(502, "api_error", `${binding.service} could not be reached at ${options.origin} (${reasonOf(error)})`);
    return;
  }
  const { statusCode } = reply;
  if (statusCode === 401)
    return refuse(reply, () => {
      deny(403, "permission_error", `${binding.service} refused the key that sbx holds; a human can set another on the host: sbx secret set ${binding.secretName ?? binding.service}`);
    });
  if (statusCode >= 300 && statusCode < 400 && statusCode !== 304)
    return refuse(reply, () => {
      deny(502, "api_error", `${binding.service} answered with a redirect, which sbx does not follow with a key`);
    });
  try {
    await stream(reply, options);
  } catch {
    if (response.headersSent) reset(request.socket);
    else deny(502, "api_error", `the answer of ${binding.service} could not be passed on`);
  }
}

function refuse(reply: Dispatcher.ResponseData, deny: () => void): void {
  reply.body.on("error", () => {});
  reply.body.destroy();
  deny();
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}

function limitBody(bodyBytes: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      if (size > bodyBytes) done(Object.assign(new Error("too large"), { code: "BODY_TOO_LARGE" }));
      else done(null, chunk);
    },
  });
}

async function stream(reply: Dispatcher.ResponseData, options: RelayOptions): Promise<void> {
  const { response, secret, binding } = options;
  const raw = rawHeadersOf(reply);
  const headers = endToEndHeaders(raw, DROP_FROM_ANSWER).map(({ name, value }) => ({ name, value: scrubText(value, secret) }));
  response.writeHead(reply.statusCode, toNodeHeaders(headers));
  response.flushHeaders();
  const scrubber = createScrubber(secret);
  const closed = closeSignal(response);
  const meter = createUsageMeter(binding.dialect, valueOf(headers, "content-type"));
  try {
    for await (const chunk of decoded(reply.body, valueOf(pairsOf(raw), "content-encoding"))) {
      meter.push(chunk);
      const clean = scrubber.push(chunk);
      if (clean.length > 0 && !response.write(clean)) await once(response, "drain", { signal: closed });
    }
    response.end(scrubber.end());
  } finally {
    const usage = meter.end();
    if (usage !== undefined) options.record({ type: "model.used", pod: options.sandbox, fields: { service: binding.service, ...usage } });
    if (scrubber.found)
      options.record({ type: "model.denied", pod: options.sandbox, fields: { service: binding.service, status: reply.statusCode, reason: "the answer repeated the key; it was taken out" } });
  }
}

function closeSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    controller.abort();
  });
  return controller.signal;
}

/** With `responseHeaders: "raw"` undici gives names and values by turns. */
function rawHeadersOf(reply: Dispatcher.ResponseData): string[] {
  const headers: unknown = reply.headers;
  if (Array.isArray(headers)) return headers.map((one: unknown) => (Buffer.isBuffer(one) ? one.toString("latin1") : String(one)));
  return Object.entries(reply.headers).flatMap(([name, value]) => (Array.isArray(value) ? value : [value ?? ""]).flatMap((one) => [name, one]));
}

function pairsOf(raw: readonly string[]): readonly Header[] {
  return endToEndHeaders(raw, new Set());
}

function valueOf(headers: readonly Header[], name: string): string {
  return headers.find((header) => header.name.toLowerCase() === name)?.value ?? "";
}

/** The code of a failure, looked for through its causes. */
function reasonOf(error: unknown): string {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if ("code" in current && typeof current.code === "string") return codeOf(current);
    current = current.cause;
  }
  return "unknown error";
}
