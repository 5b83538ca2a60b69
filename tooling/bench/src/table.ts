import type { Line, Series, Unit } from "./line.ts";
import { ratioOf, summarise } from "./statistics.ts";

const HEAD = ["what", "sbx", "against", "", "ratio"] as const;

/** The lines as a table for people: a row for each reference, and one for a line that has none. */
export function renderTable(lines: readonly Line[]): string {
  const rows = [HEAD, ...lines.flatMap(rowsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function rowsOf({ title, unit, better, ours, references }: Line): readonly (readonly string[])[] {
  const what = better === "more" ? `${title} (more is better)` : title;
  if (references.length === 0) return [[what, valueOf(ours, unit), "", "", ""]];
  return references.map((reference, at) => [at === 0 ? what : "", at === 0 ? valueOf(ours, unit) : "", reference.name, valueOf(reference, unit), ratioText(ours, reference)]);
}

function valueOf(series: Series, unit: Unit): string {
  if ("missing" in series) return `not measured: ${series.missing}`;
  const { median, min, max } = summarise(series.samples);
  return `${short(median)} ${unit} (${short(min)}–${short(max)})`;
}

function ratioText(ours: Series, reference: Series): string {
  if ("missing" in ours || "missing" in reference) return "";
  const { median, min, max } = ratioOf(ours.samples, reference.samples);
  return `${short(median)} (${short(min)}–${short(max)})`;
}

/** Three digits that say something. */
export function short(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** The lines for programs: the samples themselves, their summaries and ratios. */
export function toJson(lines: readonly Line[]): readonly unknown[] {
  return lines.map(({ ours, references, ...rest }) => ({
    ...rest,
    ours: withSummary(ours),
    references: references.map((reference) => ({ ...withSummary(reference), ...("missing" in ours || "missing" in reference ? {} : { ratio: ratioOf(ours.samples, reference.samples) }) })),
  }));
}

function withSummary(series: Series): object {
  return "missing" in series ? series : { ...series, summary: summarise(series.samples) };
}
