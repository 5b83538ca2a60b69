import { Problem, PROBLEMS, type ProblemCode } from "./problem.ts";

const BRAND = Symbol.for("dev.sbx.AppError");

/** What an expected failure says beside its code: a message that quotes the offending value, and the way out. */
export interface AppErrorInit {
  readonly message: string;
  /** What the reader can do next, as an instruction: a command, a key to set, a document to open. */
  readonly fix: string;
  readonly details?: Problem["details"];
  readonly cause?: unknown;
}

/**
 * A failure that a person or a program is expected to meet.
 *
 * Throw a plain `Error` for a broken invariant: those are our bugs and keep their stack.
 */
export class AppError extends Error {
  static {
    // On the prototype, so that it does not show up in every inspected instance.
    Object.defineProperty(this.prototype, "name", { value: "AppError" });
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  readonly code: ProblemCode;
  readonly fix: string;
  readonly details: Problem["details"];

  constructor(code: ProblemCode, { message, fix, details = {}, cause }: AppErrorInit) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.fix = fix;
    this.details = details;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  get retryable(): boolean {
    return PROBLEMS[this.code].retryable;
  }

  toJSON(): Problem {
    return { code: this.code, message: this.message, fix: this.fix, details: this.details };
  }

  static fromJSON(json: unknown): AppError {
    const { code, ...init } = Problem.parse(json);
    return new AppError(code, init);
  }

  /** Holds across two copies of this package in one process, where `instanceof` does not. */
  static is(value: unknown): value is AppError {
    return value instanceof Error && BRAND in value;
  }
}
