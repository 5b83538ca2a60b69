const KEPT_BYTES = 16 * 1024;

/** The end of what a program wrote, bounded, and cleaned of what a terminal would obey. */
export class TailLog {
  #kept = "";

  push(chunk: Buffer): void {
    this.#kept = (this.#kept + chunk.toString("utf8")).slice(-KEPT_BYTES);
  }

  text(): string {
    // oxlint-disable-next-line no-control-regex -- these are what is taken out
    return this.#kept.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
  }
}
