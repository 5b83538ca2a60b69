import { cleanText, escapeHidden } from "./clean-text.ts";
import type { Io } from "./context.ts";

/** Print a result: a document for programs, lines for people. */
export function show<T>(io: Io, json: boolean | undefined, { result, lines }: { readonly result: T; readonly lines: (result: T) => readonly string[] }): void {
  io.out(
    json === true
      ? `${escapeHidden(JSON.stringify(result, null, 2))}\n`
      : lines(result)
          .map((line) => `${line}\n`)
          .join(""),
  );
}

/** Lines with columns in line; the cells are cleaned of control characters. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [head, ...rows.map((row) => row.map(cleanText))];
  const widths = head.map((_name, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
}
