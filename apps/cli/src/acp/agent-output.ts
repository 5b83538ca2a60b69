import { cleanText } from "../clean-text.ts";
import type { Io } from "../context.ts";
import { readAgentLine } from "./agent-line.ts";
import { MOST_LINE, type EditorInput } from "./editor-input.ts";
import { LineCutter } from "./line-cutter.ts";

/** Methods of which it is said that they were refused. */
const MOST_TOLD = 20;
/** Lines that are no messages wait for who reads stderr; what is more is lost. */
const MOST_BEHIND = 1 << 20;

/** What an agent sends to its editor: messages alone, and none by which it would get out of its sandbox. */
export class AgentOutput {
  readonly #io: Pick<Io, "err" | "stderr">;
  readonly #input: EditorInput;
  readonly #lines = new LineCutter(MOST_LINE);
  readonly #told = new Set<string>();

  constructor(io: Pick<Io, "err" | "stderr">, input: EditorInput) {
    this.#io = io;
    this.#input = input;
  }

  /** What of a piece goes to the editor. */
  push(chunk: Uint8Array): Uint8Array {
    const before = this.#lines.leftOut;
    const texts = this.#lines.push(chunk).map((line) => this.#take(line));
    if (this.#lines.leftOut > before) this.#io.err(`sbx: a message of the agent's was left out: it is longer than ${MOST_LINE >> 20} MiB\n`);
    return Buffer.from(texts.join(""));
  }

  /** What of the last line goes to the editor, when nothing follows it. */
  end(): string {
    return this.#take(this.#lines.rest());
  }

  #take(line: Buffer): string {
    if (isBlank(line)) return "";
    const read = readAgentLine(line);
    switch (read.kind) {
      case "message":
        return read.text;
      case "refused":
        if (read.answer !== undefined) this.#input.answer(read.answer);
        this.#tell(read.method);
        return "";
      case "other":
        if (this.#io.stderr.writableLength < MOST_BEHIND) this.#io.stderr.write(line);
        return "";
    }
  }

  #tell(method: string): void {
    if (this.#told.has(method) || this.#told.size >= MOST_TOLD) return;
    this.#told.add(method);
    this.#io.err(`sbx: refused: the agent asked the editor for "${cleanText(method)}", which would leave the sandbox\n`);
  }
}

function isBlank(line: Buffer): boolean {
  return line.byteLength <= 2 && line.toString("latin1").trim() === "";
}
