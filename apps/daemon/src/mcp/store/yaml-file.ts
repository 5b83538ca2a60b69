import { readFileSync, statSync } from "node:fs";
import { AppError } from "@sbx/contracts";
import { isScalar, parseDocument, type Document } from "yaml";
import { writeAtomically } from "../../files/write-atomically.ts";

export interface YamlFileParts<T> {
  readonly file: string;
  /** @throws AppError whose message begins with the file and the line of what is wrong */
  readonly parse: (text: string) => T;
  /** Told once for each broken state of the file. */
  readonly onBroken: (problem: AppError) => void;
}

/**
 * A YAML file that people edit too.
 *
 * A change of the file holds for the next question. One that breaks it leaves in force what stood there before; a file
 * that is broken from the beginning says nothing, and what would go by it is refused. Edits keep comments and order.
 */
export class YamlFile<T> {
  readonly #parts: YamlFileParts<T>;
  #stamp: string | undefined;
  #good: T | undefined;
  #problem: AppError | undefined;

  constructor(parts: YamlFileParts<T>) {
    this.#parts = parts;
  }

  get file(): string {
    return this.#parts.file;
  }

  /** Changes whenever what is in force may have changed. */
  stamp(): string {
    this.#refresh();
    return this.#stamp ?? "";
  }

  /** What is wrong with the file as it is now. */
  problem(): AppError | undefined {
    this.#refresh();
    return this.#problem;
  }

  /** What is in force. @throws AppError `CONFIG_INVALID` when the file never was readable */
  read(): T {
    this.#refresh();
    if (this.#good !== undefined) return this.#good;
    throw this.#problem ?? new Error(`${this.#parts.file} was not read`);
  }

  /** Its text as it is; empty when there is no file. */
  text(): string {
    return stampOf(this.#parts.file) === ABSENT ? "" : readFileSync(this.#parts.file, "utf8");
  }

  /**
   * Change the document and keep it.
   *
   * @throws AppError `CONFIG_INVALID` when the file is broken, or the change would break it: then nothing is written
   */
  edit(change: (document: Document) => void): void {
    this.read();
    if (this.#problem !== undefined) throw this.#problem;
    const document = parseDocument(this.text());
    // A file of comments alone, or one that says `null`, is an empty map.
    if (isScalar(document.contents) && document.contents.value === null) document.contents = null;
    change(document);
    this.replace(document.contents === null ? document.toString().replace(/^null\n?$/m, "") : document.toString({ lineWidth: 0 }));
  }

  /** What is wrong with a text that would be put in place. */
  check(text: string): T {
    return this.#parts.parse(text);
  }

  /** Put another text in its place. @throws AppError `CONFIG_INVALID` when it is none: then nothing is written */
  replace(text: string): void {
    this.check(text);
    writeAtomically(this.#parts.file, text);
    this.#refresh();
  }

  #refresh(): void {
    const stamp = stampOf(this.#parts.file);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      this.#good = this.check(this.text());
      this.#problem = undefined;
    } catch (error) {
      this.#problem = AppError.is(error) ? error : unreadable(this.#parts.file, error);
      this.#parts.onBroken(this.#problem);
    }
  }
}

const ABSENT = "absent";

function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? ABSENT : `${found.ino}:${found.mtimeNs}:${found.size}`;
}

function unreadable(file: string, cause: unknown): AppError {
  return new AppError("CONFIG_INVALID", { message: `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, fix: "See who may read it, and that it is a file.", cause });
}
