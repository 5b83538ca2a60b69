/** Set or reset of private modes, as `ESC [ ? 25 ; 1049 h`. */
const CHANGE = /\u001B\[\?([\d;]{1,40})([hl])/g; // oxlint-disable-line no-control-regex -- an escape sequence is what is looked for
/** Longest beginning of a sequence that a chunk may cut off. */
const LONGEST = 48;
const CURSOR_VISIBLE = 25;
const AUTO_WRAP = 7;
/** Modes that are on in a fresh terminal; all others are off. */
const ON_AT_FIRST: ReadonlySet<number> = new Set([CURSOR_VISIBLE, AUTO_WRAP]);

/**
 * Remembers which modes a session has changed in the terminal, so that they can be put back when it is left.
 *
 * An agent that is left in the middle cannot leave the alternate screen or give the mouse back itself.
 */
export class TerminalModes {
  readonly #changed = new Set<number>();
  #tail = "";

  push(chunk: Uint8Array): void {
    const text = this.#tail + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    let end = 0;
    for (const match of text.matchAll(CHANGE)) {
      end = match.index + match[0].length;
      for (const mode of (match[1] ?? "").split(";").map(Number)) this.#note(mode, match[2] === "h");
    }
    this.#tail = text.slice(Math.max(end, text.length - LONGEST));
  }

  #note(mode: number, on: boolean): void {
    if (on === ON_AT_FIRST.has(mode)) this.#changed.delete(mode);
    else this.#changed.add(mode);
  }

  /** What to write to the terminal so that it is as before; nothing when the session tidied up itself. */
  undo(): string {
    if (this.#changed.size === 0) return "";
    const sequences = [...this.#changed].map((mode) => `\u001B[?${mode}${ON_AT_FIRST.has(mode) ? "h" : "l"}`);
    this.#changed.clear();
    return `${sequences.join("")}\u001B[0m`;
  }
}
