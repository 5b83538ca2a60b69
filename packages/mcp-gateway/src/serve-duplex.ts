import { once } from "node:events";
import type { Duplex } from "node:stream";
import { AppError, JsonRefused, parseJson } from "@sbx/contracts";
import { jsonFromMessage, messageFromJson, RPC_CODES, RpcFailure, type RpcMessage, type RpcResult } from "./jsonrpc/message.ts";
import { jsonPieces } from "./large/json-pieces.ts";
import { writePieces } from "./large/write-pieces.ts";
import type { Caller } from "./ports.ts";
import type { ScopeRegistry } from "./scope-registry.ts";
import type { Outlet } from "./session/session.ts";
import { LineSplitter, type Line } from "./upstream/line-splitter.ts";

const MOST_WAITING = 1000;
const GONE = new AppError("SESSION_NOT_FOUND", { message: "The client has gone.", fix: "Connect again." });

/**
 * Serve one client on a stream of lines, as the stdio transport has it. A client that has said all still gets its answers.
 * Resolves when it has them, or when the stream was closed.
 */
export async function serveDuplex(stream: Duplex, { scopes, caller }: { readonly scopes: ScopeRegistry; readonly caller: Caller }): Promise<void> {
  const { limits, onFault } = scopes.parts;
  const outlet = new DuplexOutlet(stream, limits.unreadBytes);
  const session = scopes.openSession(caller, outlet, () => undefined);
  const lines = new LineSplitter(limits.bodyBytes);
  stream.on("data", (chunk: Buffer) => {
    for (const line of lines.push(chunk)) {
      const message = understood(line, outlet);
      if (message !== undefined) session.receive(message);
    }
  });
  stream.on("error", () => undefined);
  const closed = new AbortController();
  try {
    const gone = once(stream, "close", { signal: closed.signal });
    await Promise.race([once(stream, "end", { signal: closed.signal }), gone]);
    await Promise.race([session.finish(GONE), gone]);
  } catch (error) {
    if (!stream.destroyed) onFault(error);
  } finally {
    closed.abort();
    session.end(GONE);
  }
}

function understood(line: Line, outlet: DuplexOutlet): RpcMessage | undefined {
  if (line.kind !== "line") {
    outlet.refuse(RPC_CODES.invalidRequest, "Invalid request: the message is too large.");
    return undefined;
  }
  try {
    return messageFromJson(parseJson(line.text));
  } catch (error) {
    if (error instanceof JsonRefused) outlet.refuse(RPC_CODES.parse, `Parse error: ${error.message}.`);
    else if (error instanceof RpcFailure) outlet.refuse(error.code, error.message);
    else throw error;
    return undefined;
  }
}

class DuplexOutlet implements Outlet {
  readonly #stream: Duplex;
  readonly #unreadBytes: number;
  readonly inUse = true;
  readonly hears = true;
  /** A large message that is being written. */
  #last: Promise<void> | undefined;
  readonly #waiting: RpcMessage[] = [];

  constructor(stream: Duplex, unreadBytes: number) {
    this.#stream = stream;
    this.#unreadBytes = unreadBytes;
  }

  send(message: RpcMessage): void | Promise<void> {
    if (!this.#stream.writable) return;
    if (message.kind === "result" && message.large !== undefined) return this.#sendLarge(message);
    if (this.#last === undefined) this.#write(message);
    // What would come in the middle of a large message waits, as long as there is room for it.
    else if (this.#waiting.length < MOST_WAITING) this.#waiting.push(message);
    else this.#stream.destroy();
  }

  async #sendLarge(message: RpcResult): Promise<void> {
    const before = this.#last;
    const sending = (async () => {
      await before;
      if (!(await writePieces(this.#stream, jsonPieces(jsonFromMessage(message))))) return;
      this.#stream.write("\n");
      for (const waited of this.#waiting.splice(0)) this.#write(waited);
    })();
    this.#last = sending;
    await sending;
    if (this.#last === sending) this.#last = undefined;
  }

  #write(message: RpcMessage): void {
    if (!this.#stream.writable) return;
    // A client that does not read is cut off before it fills the memory.
    if (this.#stream.writableLength > this.#unreadBytes) this.#stream.destroy();
    else this.#stream.write(`${JSON.stringify(jsonFromMessage(message))}\n`);
  }

  refuse(code: number, message: string): void {
    void this.send({ kind: "error", id: undefined, error: { code, message } });
  }

  close(): void {
    if (this.#stream.writable) this.#stream.end();
  }
}
