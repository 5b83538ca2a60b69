import type { ToolResult } from "../interceptors/tool-call.ts";
import type { CodeModeLimits } from "./limits.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { plainText } from "./plain-text.ts";
import { ArgumentsRefused, type CodeModeTool, readArguments } from "./tool-arguments.ts";

/** Call one tool as the gateway calls it for anybody: through interceptors, policy, limits and the record. */
export type CallTool = (call: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }, signal: AbortSignal) => Promise<ToolResult>;

type Call = Extract<FromWorker, { kind: "call" }>;

/** What one run needs to serve the calls of its script. */
export interface ToolCallsInit {
  readonly tools: readonly CodeModeTool[];
  readonly callTool: CallTool;
  readonly limits: CodeModeLimits;
  readonly send: (message: ToWorker) => void;
}

const MOST_ERROR_CHARACTERS = 2000;

/** The calls of one run: counted, a few at a time, and gone with the run. */
export class ToolCalls {
  readonly #init: ToolCallsInit;
  readonly #tools: ReadonlyMap<string, CodeModeTool>;
  readonly #queue: Call[] = [];
  readonly #ended = new AbortController();
  #made = 0;
  #running = 0;

  constructor(init: ToolCallsInit) {
    this.#init = init;
    this.#tools = new Map(init.tools.map((tool) => [tool.name, tool]));
  }

  /** Take a call of the script; it is answered by a message. One call too many stops the run. */
  take(call: Call): void {
    if (this.#ended.signal.aborted) return;
    this.#made += 1;
    if (this.#made > this.#init.limits.calls) {
      this.end();
      this.#init.send({ kind: "stop", because: "calls" });
      return;
    }
    this.#queue.push(call);
    this.#advance();
  }

  /** Cancel what is under way; nothing is answered after this. */
  end(): void {
    this.#queue.length = 0;
    this.#ended.abort();
  }

  #advance(): void {
    while (this.#running < this.#init.limits.parallelCalls) {
      const call = this.#queue.shift();
      if (call === undefined) return;
      this.#running += 1;
      void this.#serve(call).then((message) => {
        this.#running -= 1;
        if (this.#ended.signal.aborted) return;
        this.#init.send(message);
        this.#advance();
      });
    }
  }

  async #serve({ id, name, arguments: json }: Call): Promise<ToWorker> {
    try {
      const tool = this.#tools.get(name);
      if (tool === undefined) return { kind: "failed", id, error: "there is no such tool" };
      const result = await this.#init.callTool({ name, arguments: readArguments(tool, json, this.#init.limits) }, this.#ended.signal);
      return this.#answer(id, result);
    } catch (error) {
      if (error instanceof ArgumentsRefused) return { kind: "failed", id, error: error.message };
      return { kind: "failed", id, error: plainText(error instanceof Error ? error.message : "the tool failed", MOST_ERROR_CHARACTERS) };
    }
  }

  #answer(id: number, result: ToolResult): ToWorker {
    const [first] = result.content;
    const text = first?.type === "text" && typeof first["text"] === "string" ? first["text"] : "";
    if (result.isError === true) return { kind: "failed", id, error: plainText(text === "" ? "the tool failed" : text, MOST_ERROR_CHARACTERS) };
    const bytes = Buffer.byteLength(text);
    const most = this.#init.limits.answerBytes;
    if (bytes > most) return { kind: "failed", id, error: `the tool answered with ${bytes} bytes, more than the ${most} that a script may take at once` };
    return { kind: "answer", id, text };
  }
}
