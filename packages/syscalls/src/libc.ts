import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import type { LibraryHandle } from "koffi";

type Koffi = typeof import("koffi");

/** Calls `make` when the value is first needed, and never again. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The foreign function library; loaded when the first call needs it, so that a program that makes none does not pay. */
export const koffi = lazy((): Koffi => createRequire(import.meta.url)("koffi") as Koffi);
/** The C library that this process runs on already, whichever it is. */
const libc = lazy((): LibraryHandle => koffi().load(null));

/** One function of the C library, declared in C, bound when it is first called. */
export function libcFunction<F extends (...args: never[]) => number>(declaration: string): (...args: Parameters<F>) => ReturnType<F> {
  const bound = lazy((): ((...args: Parameters<F>) => ReturnType<F>) => libc().func(declaration));
  return (...args) => bound()(...args);
}

/** A system call that failed, in the form in which Node reports its own. */
export class SystemCallError extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "SystemCallError" });
  }
  /** Name of the error, such as `EINVAL`. */
  readonly code: string;
  /** Number of the error, positive. */
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${syscall} failed: ${code}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

const EINTR = 4;
const EAGAIN = 11;

/** Run `call` until no signal interrupts it. @throws SystemCallError when it answers -1. */
export function must(syscall: string, call: () => number): number {
  const result = mayWait(syscall, call);
  if (result === undefined) throw new SystemCallError(syscall, EAGAIN);
  return result;
}

/** As {@link must}; `undefined` where the call would have to wait. */
export function mayWait(syscall: string, call: () => number): number | undefined {
  for (;;) {
    const result = call();
    if (result >= 0) return result;
    const errno = koffi().errno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw new SystemCallError(syscall, errno);
  }
}
