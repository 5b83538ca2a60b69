import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxId } from "@sbx/contracts";
import { Secret } from "@sbx/secret-injector";
import type { ModelBinding } from "../../src/index.ts";
import { readAll, SANDBOX, startPod, type TestPod } from "./pod.ts";

export const KEY = "sk-ant-api03-REAL-KEY-0123456789abcdef";
export const PLACEHOLDER = "sk-ant-api03-placeholder-of-this-sandbox";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Provider extends AsyncDisposable {
  readonly pod: TestPod;
  readonly seen: Seen[];
  readonly replies: ServerResponse[];
  readonly port: number;
}

export async function startProvider(listener: (request: Seen, response: ServerResponse) => void = (_, response) => response.end("{}"), change: Partial<ModelBinding> = {}): Promise<Provider> {
  const seen: Seen[] = [];
  const replies: ServerResponse[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    replies.push(response);
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() };
    seen.push(one);
    listener(one, response);
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const binding: ModelBinding = {
    service: "anthropic",
    upstream: new URL(`http://127.0.0.1:${port}`),
    header: "x-api-key",
    format: "%s",
    dialect: "anthropic",
    placeholder: PLACEHOLDER,
    secret: () => Promise.resolve(new Secret(KEY)),
    ...change,
  };
  const pod = startPod({ models: [binding] });
  return {
    pod,
    seen,
    replies,
    port,
    async [Symbol.asyncDispose]() {
      await pod[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Asked {
  readonly path?: string;
  readonly headers?: readonly string[];
  readonly method?: string;
  readonly body?: string;
  readonly sandbox?: SandboxId;
}

export async function ask(
  pod: TestPod,
  { path = "/anthropic/v1/messages", headers = [`x-api-key: ${PLACEHOLDER}`], method = "POST", body = "{}", sandbox = SANDBOX }: Asked = {},
): Promise<{ readonly status: number; readonly head: string; readonly body: string }> {
  const socket = await pod.dial("model.sbx.internal", 80, sandbox);
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: model.sbx.internal\r\nConnection: close\r\n${headers.map((line) => `${line}\r\n`).join("")}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const { text } = await readAll(socket);
  const [head = "", ...rest] = text.split("\r\n\r\n");
  return { status: Number(head.slice(9, 12)), head, body: rest.join("\r\n\r\n") };
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

export const EVENTS = [
  'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":11,"cache_read_input_tokens":5,"output_tokens":1}}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":42}}\n\n',
] as const;
