import { createInterface } from "node:readline";
import { duplexPair, type Duplex } from "node:stream";
import { AppError } from "@sbx/contracts";
import * as z from "zod";
import type { ClientOptions, GatewayPort } from "./gateway-port.ts";

const Reply = z.looseObject({
  id: z.number().optional(),
  method: z.string().optional(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
});
type Reply = z.infer<typeof Reply>;

/** Longest list that is read page by page. */
const MAX_PAGES = 200;

/** A client of the gateway inside the daemon, for one command of a person. */
export interface LineClient {
  /** @throws AppError `SERVER_FAILED` with what the gateway answered, or when it ended */
  request(method: string, params: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  /** Every page of a list, as far as it has a name. */
  list(method: string, key: string): Promise<readonly unknown[]>;
}

interface Use {
  readonly gateway: GatewayPort;
  readonly options: ClientOptions;
  readonly scope: string;
  readonly signal: AbortSignal;
}

/** Speak to the gateway as one client on the host would, and hang up afterwards. */
export async function withLineClient<T>({ gateway, options, scope, signal }: Use, use: (client: LineClient) => Promise<T>): Promise<T> {
  const [ours, theirs] = duplexPair();
  const end = new AbortController();
  const served = gateway.serveLines(theirs, { ...options, caller: { kind: "host", scope } }, AbortSignal.any([signal, end.signal]));
  const calls = new PendingCalls(ours);
  const gone = served.then(
    () => {
      calls.fail(ended());
    },
    (error: unknown) => {
      calls.fail(error);
    },
  );
  signal.addEventListener("abort", () => {
    calls.fail(signal.reason);
  });
  try {
    const client = clientOf(calls, ours);
    await client.request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "sbx", version: "1" } });
    ours.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
    return await use(client);
  } finally {
    end.abort(new AppError("INTERRUPTED", { message: "The command has what it asked for", fix: "Run it again." }));
    await gone;
    ours.destroy();
  }
}

function clientOf(calls: PendingCalls, stream: Duplex): LineClient {
  const request: LineClient["request"] = async (method, params) => {
    const { id, reply } = calls.next();
    stream.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    const { result, error } = await reply;
    if (error !== undefined) throw new AppError("SERVER_FAILED", { message: `The gateway answered: ${error.message}`, fix: "See what runs with: sbx mcp ls, and its words with: sbx mcp logs SERVER" });
    return result ?? {};
  };
  return {
    request,
    async list(method, key) {
      const all: unknown[] = [];
      let cursor: unknown;
      for (let page = 0; page < MAX_PAGES; page++) {
        const result = await request(method, typeof cursor === "string" ? { cursor } : {});
        const items = result[key];
        if (Array.isArray(items)) all.push(...(items as unknown[]));
        cursor = result["nextCursor"];
        if (typeof cursor !== "string") break;
      }
      return all;
    },
  };
}

/** Calls that wait for their answer. Requests of the gateway to us are left unanswered: we declared that we can do nothing. */
class PendingCalls {
  readonly #waiting = new Map<number, PromiseWithResolvers<Reply>>();
  #last = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(stream: Duplex) {
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      const reply = parse(line);
      if (reply?.id === undefined || reply.method !== undefined) return;
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
    });
  }

  next(): { readonly id: number; readonly reply: Promise<Reply> } {
    this.#last += 1;
    const call = Promise.withResolvers<Reply>();
    if (this.#failure !== undefined) call.reject(this.#failure.error);
    else this.#waiting.set(this.#last, call);
    return { id: this.#last, reply: call.promise };
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const call of this.#waiting.values()) call.reject(error);
    this.#waiting.clear();
  }
}

function parse(line: string): Reply | undefined {
  try {
    return Reply.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function ended(): AppError {
  return new AppError("SERVER_FAILED", { message: "The gateway ended before it answered", fix: "Look into the daemon's log with: sbx daemon logs" });
}
