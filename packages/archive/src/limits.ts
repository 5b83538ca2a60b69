import { AppError } from "@sbx/contracts";

/** Most that is unpacked from one stream. */
export interface ArchiveLimits {
  /** Of all files together. */
  readonly bytes: number;
  readonly entries: number;
}

/** Enough for a home directory with its caches; far below a disk. */
export const DEFAULT_LIMITS: ArchiveLimits = { bytes: 16 * 1024 ** 3, entries: 1_000_000 };

/** Counts against limits. */
export class Budget {
  readonly #limits: ArchiveLimits;
  #bytes = 0;
  #entries = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws AppError `ARCHIVE_REFUSED` */
  entry(): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) throw overLimit(`more than ${this.#limits.entries} files and directories`);
  }

  /** @throws AppError `ARCHIVE_REFUSED`, before anything of these bytes is written */
  take(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < 0 || this.#bytes + bytes > this.#limits.bytes) throw overLimit(`more than ${this.#limits.bytes} bytes`);
    this.#bytes += bytes;
  }
}

function overLimit(what: string): AppError {
  return new AppError("ARCHIVE_REFUSED", { message: `The tar stream has ${what}`, fix: "Copy less at once, or raise the limit with: sbx cp --max-size SIZE" });
}
