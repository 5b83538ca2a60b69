import { AppError, JsonRefused, parseJson } from "@sbx/contracts";
import type { ByteBudget } from "../byte-budget.ts";
import { jsonFromMessage, messageFromJson, RpcFailure, type RpcMessage } from "../jsonrpc/message.ts";
import { largeLines } from "../large/large-line.ts";
import type { Spool } from "../large/spool.ts";
import type { GatewayLimits } from "../limits.ts";
import type { RunningServer } from "../ports.ts";
import { LineSplitter, type Line } from "./line-splitter.ts";
import { TailLog } from "./tail-log.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** Speak with a server over its standard streams. The transport owns the server: disposing it stops the server. */
export function stdioTransport(running: RunningServer, events: TransportEvents, options: StdioOptions): Transport {
  return new StdioTransport(running, events, options);
}

export interface StdioOptions {
  readonly limits: Pick<GatewayLimits, "messageBytes" | "largeBytes" | "linesPerSecond">;
  /** What large messages of the server count against, and what they may put aside in files of the directory. */
  readonly budget: ByteBudget;
  readonly aside: ByteBudget;
  readonly asideDirectory: string;
}

const HEAD = 256;
/** A server that does not read what it is sent is given up at so many messages' worth of bytes. */
const UNREAD_FACTOR = 2;
/** A server whose line does not end is given up at so many of the largest messages' worth of bytes: it can answer nothing any more. */
const ENDLESS_FACTOR = 2;
/** A server is not read from while so many bytes of its message wait to be put aside. */
const WAITING_BYTES = 1 << 20;

class StdioTransport implements Transport {
  readonly #running: RunningServer;
  readonly #events: TransportEvents;
  readonly #limits: StdioOptions["limits"];
  readonly #splitter: LineSplitter;
  readonly #stderr = new TailLog();
  #closed = false;
  /** Lines of this second, less what it was asked. */
  #lines = 0;
  #since = 0;
  #rest: NodeJS.Timeout | undefined;
  #isWaiting = false;

  constructor(running: RunningServer, events: TransportEvents, { limits, budget, aside, asideDirectory }: StdioOptions) {
    this.#running = running;
    this.#events = events;
    this.#limits = limits;
    this.#splitter = new LineSplitter(limits.messageBytes, budget, largeLines({ directory: asideDirectory, held: budget, aside, limits }));
    running.stdout.on("data", (chunk: Buffer) => {
      this.#read(chunk);
    });
    running.stderr.on("data", (chunk: Buffer) => {
      this.#stderr.push(chunk);
    });
    const fail = (what: string) => (error: Error) => {
      this.#close(failure(`${what}: ${error.message}`, error));
    };
    running.stdin.on("error", fail("its input broke"));
    running.stdout.on("error", fail("its output broke"));
    running.stderr.on("error", () => {
      // What it writes beside the protocol is not needed to speak with it.
    });
    running.exit.then(
      (code) => {
        // What it wrote last is in its log: it may hold a secret, and a message goes to the agent.
        this.#close(failure(`it ended with code ${code}`));
      },
      (error: unknown) => {
        this.#close(failure("it ended", error));
      },
    );
  }

  send(message: RpcMessage): void {
    if (this.#closed || !this.#running.stdin.writable) return;
    // Whoever is asked much may answer much: only what nobody asked for is a flood.
    if (message.kind === "request") this.#lines = Math.max(-this.#limits.linesPerSecond, this.#lines - 1);
    this.#running.stdin.write(`${JSON.stringify(jsonFromMessage(message))}\n`);
    if (this.#running.stdin.writableLength > this.#limits.messageBytes * UNREAD_FACTOR) this.#close(failure("it does not read what it is sent"));
  }

  get rootSeenAs(): ((uri: string) => string | undefined) | undefined {
    return this.#running.rootSeenAs;
  }

  agreed(): void {
    // Lines carry no revision.
  }

  log(): string {
    return this.#stderr.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close(failure("it was stopped"));
    await this.#running[Symbol.asyncDispose]();
  }

  #read(chunk: Buffer): void {
    const now = performance.now();
    if (now - this.#since > 1000) {
      this.#since = now;
      // What was asked and is not answered yet still may be.
      this.#lines = Math.min(0, this.#lines);
    }
    for (const line of this.#splitter.push(chunk)) {
      if (this.#closed) return;
      this.#lines += 1;
      this.#take(line);
    }
    if (this.#splitter.lineBytes > this.#limits.largeBytes * ENDLESS_FACTOR) {
      this.#close(failure("it writes a line that does not end"));
      return;
    }
    this.#waitFor(this.#splitter.spool);
    // A flood is read as slowly as the limit says: the server waits in its own write.
    if (this.#lines < this.#limits.linesPerSecond || this.#rest !== undefined) return;
    this.#running.stdout.pause();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#goOn();
    }, 1000).unref();
  }

  /** What comes faster than it is put aside waits in the server. */
  #waitFor(spool: Spool | undefined): void {
    if (spool === undefined || spool.waiting < WAITING_BYTES || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#running.stdout.pause();
    const goOn = (): void => {
      this.#isWaiting = false;
      this.#goOn();
    };
    spool.settled().then(goOn, (error: unknown) => {
      this.#close(failure("its message could not be put aside", error));
    });
  }

  #goOn(): void {
    if (this.#rest === undefined && !this.#isWaiting) this.#running.stdout.resume();
  }

  #take(line: Line): void {
    if (line.kind === "overlong") {
      this.#events.onRefused(line.why ?? `a message was larger than ${this.#limits.messageBytes} bytes, or than what could be held`, line.head);
      return;
    }
    if (line.kind === "large") {
      this.#takeLarge(line);
      return;
    }
    let message: RpcMessage;
    try {
      message = messageFromJson(parseJson(line.text));
    } catch (error) {
      if (!(error instanceof JsonRefused) && !(error instanceof RpcFailure)) throw error;
      this.#events.onRefused(error.message, line.text.slice(0, HEAD));
      return;
    }
    this.#events.onMessage(message);
  }

  /** Only results may have large texts: anything else is held whole by whoever takes it. */
  #takeLarge({ value, spool, head }: Extract<Line, { kind: "large" }>): void {
    let why = "a message that is no result is too large";
    try {
      const message = messageFromJson(value);
      const hasTexts = spool.characters > 0;
      if (message.kind === "result" || !hasTexts) {
        this.#events.onMessage(message.kind === "result" && hasTexts ? { ...message, large: spool } : message);
        return;
      }
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      why = error.message;
    }
    void spool[Symbol.asyncDispose]().catch(() => undefined);
    this.#events.onRefused(why, head);
  }

  #close(reason: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#rest);
    this.#splitter.release();
    // Drained and not kept: a server that writes on is not held up in its last lines.
    this.#running.stdout.removeAllListeners("data").resume();
    this.#events.onClosed(reason);
  }
}

function failure(what: string, cause?: unknown): AppError {
  return new AppError("SERVER_FAILED", {
    message: `The server is gone: ${what}.`,
    fix: "Try again; if it fails again, ask your user to look at the server's log on the host.",
    ...(cause === undefined ? {} : { cause }),
  });
}
