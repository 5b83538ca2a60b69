import { Transform } from "node:stream";
import { readEditorLine } from "./editor-line.ts";
import { LineCutter } from "./line-cutter.ts";

/** Longest message, in bytes. */
export const MOST_LINE = 64 << 20;
/** Answers wait in memory until the agent reads them; one that does not read is owed no more than this. */
const MOST_OWED = 1 << 20;
/** Pieces in which a message goes on. */
const PIECE_BYTES = 64 << 10;

/** What an editor sends to its agent, message by message. */
export class EditorInput extends Transform {
  readonly #lines = new LineCutter(MOST_LINE);
  #ended = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    for (const line of this.#lines.push(chunk)) this.#send(readEditorLine(line));
    done();
  }

  override _flush(done: () => void): void {
    this.#send(this.#lines.rest());
    this.#ended = true;
    done();
  }

  /** Put an answer between two of the editor's messages. */
  answer(text: string): void {
    if (!this.#ended && this.readableLength < MOST_OWED) this.push(text);
  }

  #send(bytes: Buffer): void {
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) this.push(bytes.subarray(at, at + PIECE_BYTES));
  }
}
