import type { IncomingMessage, ServerResponse } from "node:http";

/** What a refusal tells its reader: a person, an agent or a program. */
export interface Refusal {
  /** What was asked for, `host:port`. */
  readonly to: string;
  readonly reason: string;
  readonly rule?: string | undefined;
  readonly fix?: string | undefined;
}

interface Answer {
  readonly text: string;
  readonly contentType?: string;
  /** Whether the connection ends with it. */
  readonly close?: boolean;
}

/** Bytes and milliseconds for which a request's body is still taken after its answer, so that the client gets to read it. */
const LINGER_BYTES = 4 * 1024 * 1024;
const LINGER_MS = 2000;

/** Send a whole answer. The body is read to its end or to a limit first, since closing over unread bytes would destroy the answer on its way. */
export function answer(response: ServerResponse, status: number, { text, contentType = "text/plain; charset=utf-8", close = false }: Answer): void {
  const request = response.req;
  const body = Buffer.from(text, "utf8");
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": body.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(close ? { connection: "close" } : {}),
  });
  if (request.complete || request.destroyed) {
    response.end(request.method === "HEAD" ? undefined : body);
    return;
  }
  if (request.method !== "HEAD") response.write(body);
  const timer = setTimeout(() => {
    response.end();
  }, LINGER_MS);
  let taken = 0;
  request.on("data", (chunk: Buffer) => {
    taken += chunk.length;
    if (taken > LINGER_BYTES) response.end();
  });
  request.once("end", () => {
    response.end();
  });
  response.once("close", () => {
    clearTimeout(timer);
  });
  request.resume();
}

/** Send a value as JSON; the connection stays open. */
export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  answer(response, status, jsonOf(value));
}

/** Send a value as JSON, and end the connection. */
export function answerLastJson(response: ServerResponse, status: number, value: unknown): void {
  answer(response, status, { ...jsonOf(value), close: true });
}

function jsonOf(value: unknown): Answer {
  return { contentType: "application/json; charset=utf-8", text: `${JSON.stringify(value, null, 2)}\n` };
}

/** The readable refusal: JSON where the client asks for JSON, else text. */
export function answerRefusal(response: ServerResponse, status: number, refusal: Refusal): void {
  if (wantsJson(response.req)) {
    answerLastJson(response, status, { code: "EGRESS_DENIED", message: refusal.reason, fix: fixOf(refusal), details: { to: refusal.to, rule: refusal.rule ?? null } });
    return;
  }
  const lines = [
    `sbx refused the connection to ${refusal.to}.`,
    `reason: ${refusal.reason}`,
    `rule: ${refusal.rule ?? "none (what no rule allows is refused)"}`,
    `fix: ${fixOf(refusal)}`,
    "Asking again will not help. The command is for a human, outside the sandbox.",
  ];
  answer(response, status, { text: `${lines.join("\n")}\n`, close: true });
}

function fixOf({ fix }: Refusal): string {
  return fix === undefined ? "none that a rule of this sandbox could give" : `a human can run on the host: ${fix}`;
}

function wantsJson(request: IncomingMessage): boolean {
  const accept = request.headers.accept ?? "";
  return /\bjson\b/i.test(accept) && !/\btext\/html\b/i.test(accept);
}
