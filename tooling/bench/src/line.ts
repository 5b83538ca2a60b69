import { interleave, type Rounds, type Subject } from "./interleave.ts";

export type Unit = "ms" | "µs" | "MB/s" | "MiB" | "/s" | "";

/** What was measured of one subject; `missing` says why nothing was. */
export type Series = { readonly name: string; readonly samples: readonly number[] } | { readonly name: string; readonly missing: string };

/** One question of the bench: something of ours beside what people would use otherwise. */
export interface Line {
  readonly title: string;
  readonly unit: Unit;
  readonly better: "less" | "more";
  readonly ours: Series;
  readonly references: readonly Series[];
}

/** A reference that may not be there. */
export type Reference = Subject | { readonly name: string; readonly missing: string };

interface Question extends Pick<Line, "title" | "unit" | "better"> {
  readonly ours: Subject;
  readonly references: readonly Reference[];
}

/** Answer a question in interleaved rounds. */
export async function measureLine({ ours, references, ...rest }: Question, rounds: Rounds): Promise<Line> {
  const there = references.filter((reference) => "once" in reference);
  const [mine = [], ...others] = await interleave([ours, ...there], rounds);
  const seriesOf = (reference: Reference): Series => ("once" in reference ? { name: reference.name, samples: others[there.indexOf(reference)] ?? [] } : reference);
  return { ...rest, ours: { name: ours.name, samples: mine }, references: references.map(seriesOf) };
}
