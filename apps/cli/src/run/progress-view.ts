import type { Event } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";

/** A step that took less is not worth a line of its own. */
const WORTH_A_LINE_MS = 1000;
const REDRAW_MS = 120;
const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/**
 * Shows what the daemon does for us: on a terminal one line that changes, elsewhere a line for each step that takes time.
 *
 * All of it goes to stderr.
 */
export class ProgressView implements Disposable {
  readonly #context: Pick<Context, "io" | "now">;
  readonly #timer: NodeJS.Timeout;
  readonly #onTerminal: boolean;
  #step: { readonly name: string; readonly since: number } | undefined;
  #text = "";
  #tick = 0;
  #announced = false;

  constructor(context: Pick<Context, "io" | "now">) {
    this.#context = context;
    this.#onTerminal = context.io.isTerminal.stderr;
    this.#timer = setInterval(() => {
      this.#draw();
    }, REDRAW_MS).unref();
  }

  /** Take one event of progress. */
  take({ fields }: Event): void {
    const name = cleanText(String(fields["step"] ?? ""));
    const state = fields["state"];
    if (state === "started") {
      this.#step = { name, since: this.#context.now() };
      this.#text = "";
      this.#announced = false;
    } else if (state === "line") this.#text = cleanText(String(fields["text"] ?? ""));
    else this.#close(name, { milliseconds: Number(fields["ms"] ?? 0), failed: state === "failed" });
  }

  #close(name: string, { milliseconds, failed }: { readonly milliseconds: number; readonly failed: boolean }): void {
    this.#step = undefined;
    this.#erase();
    if (failed || this.#announced || milliseconds >= WORTH_A_LINE_MS) this.#context.io.err(`sbx: ${name} ${failed ? "failed" : "done"} (${seconds(milliseconds)})\n`);
    this.#announced = false;
  }

  #draw(): void {
    const step = this.#step;
    const { io, now } = this.#context;
    if (step === undefined || now() - step.since < WORTH_A_LINE_MS) return;
    if (!this.#onTerminal) {
      if (!this.#announced) io.err(`sbx: ${step.name} …\n`);
      this.#announced = true;
      return;
    }
    this.#tick += 1;
    const text = `${FRAMES[this.#tick % FRAMES.length] ?? ""} ${step.name} ${seconds(now() - step.since)}  ${this.#text}`;
    io.err(`\r\u001B[2K${text.slice(0, (io.size()?.columns ?? 80) - 1)}`);
  }

  #erase(): void {
    if (this.#onTerminal) this.#context.io.err("\r\u001B[2K");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#step !== undefined) this.#erase();
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
