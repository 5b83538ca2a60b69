import { copyFileSync, fstatSync, ftruncateSync, statSync, writeSync } from "node:fs";

/** Where lines of the log go. */
export interface LogOutput {
  readonly write: (line: string) => void;
}

interface Rotation {
  /** An open descriptor, in append mode where it is a file: what is written after a cut then begins at its start. */
  readonly descriptor: number;
  /** The file that is cut when it is full, with what was in it kept beside it as `<file>.1`; nothing is cut when the descriptor is something else. */
  readonly file: string | undefined;
  /** Bytes that make a file full. */
  readonly most: number;
}

/**
 * Write lines to a descriptor whose file stays bounded: at most two files of `most` bytes and one line.
 *
 * The file is emptied in place: Node's own last words, which come on the same descriptor, go to the same file. A log that
 * cannot be written is no reason to end: sandboxes hang on this process.
 */
export function rotatingOutput({ descriptor, file, most }: Rotation): LogOutput {
  const cut = (): void => {
    if (file === undefined || !isFull(descriptor, file, most)) return;
    copyFileSync(file, `${file}.1`);
    ftruncateSync(descriptor);
  };
  return {
    write: (line) => {
      try {
        cut();
        writeSync(descriptor, line);
      } catch {
        // The disk is full, or whoever read the other end has gone.
      }
    },
  };
}

function isFull(descriptor: number, file: string, most: number): boolean {
  const open = fstatSync(descriptor);
  if (!open.isFile() || open.size < most) return false;
  const named = statSync(file, { throwIfNoEntry: false });
  return named?.ino === open.ino && named.dev === open.dev;
}
