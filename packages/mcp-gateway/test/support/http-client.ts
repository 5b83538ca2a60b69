import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON, or undefined; of a stream, which a slow answer becomes, its last message. */
  readonly json: any; // oxlint-disable-line typescript/no-explicit-any -- tests look into it as they like
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
};

/** A client that sends exactly what it is told. */
export class RawClient {
  readonly port: number;
  readonly host: string;
  session: string | undefined;

  constructor(port: number, host = "127.0.0.1") {
    this.port = port;
    this.host = host;
  }

  /** Open the response, whose body is read by the caller. */
  async open({ method = "POST", path = "/mcp", headers = {}, body }: Ask): Promise<IncomingMessage> {
    const done = Promise.withResolvers<IncomingMessage>();
    const sent = request(
      {
        host: "127.0.0.1",
        port: this.port,
        method,
        path,
        agent: false,
        headers: {
          host: `${this.host}:${this.port}`,
          accept: "application/json, text/event-stream",
          ...(body === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
          ...(this.session === undefined ? {} : { "mcp-session-id": this.session }),
          ...headers,
        },
      },
      done.resolve,
    );
    sent.on("error", done.reject);
    sent.end(body);
    return await done.promise;
  }

  async ask(ask: Ask): Promise<Answer> {
    const response = await this.open(ask);
    let text = "";
    response.setEncoding("utf8");
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) ?? parsed([...text.matchAll(/^data: (.*)$/gm)].at(-1)?.[1] ?? "") };
  }

  async send(message: unknown, headers: Ask["headers"] = {}): Promise<Answer> {
    return await this.ask({ body: JSON.stringify(message), headers });
  }

  /** Begin a session, and use it from now on. */
  async initialize(params: Record<string, unknown> = {}): Promise<Answer> {
    const answer = await this.send({ ...INITIALIZE, params: { ...INITIALIZE.params, ...params } });
    const id = answer.headers["mcp-session-id"];
    if (typeof id !== "string") throw new Error(`no session: ${answer.status} ${answer.text}`);
    this.session = id;
    await this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return answer;
  }

  async call(name: string, args: unknown = {}, id: string | number = 1): Promise<Answer> {
    return await this.send({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One event of a stream. */
export interface SeenEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** The events of a response, as they come. */
export async function* eventsOf(response: IncomingMessage): AsyncGenerator<SeenEvent, void, undefined> {
  let buffer = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    buffer += String(chunk);
    const parts = buffer.split("\n\n");
    buffer = parts.pop() ?? "";
    for (const part of parts) {
      const fields = new Map(part.split("\n").map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
      if (fields.has("data")) yield { id: fields.get("id"), event: fields.get("event"), data: fields.get("data") ?? "" };
    }
  }
}

/** The next event that is a message, as JSON. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export async function nextMessage(events: AsyncGenerator<SeenEvent, void, undefined>): Promise<{ readonly id: string | undefined; readonly message: any }> {
  for (;;) {
    const next = await events.next();
    if (next.done === true) throw new Error("the stream ended");
    if (next.value.data !== "") return { id: next.value.id, message: JSON.parse(next.value.data) };
  }
}
