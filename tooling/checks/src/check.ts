/** What a check found. `note` goes into the table; `output` is shown above it when the check is red. */
export interface Outcome {
  readonly ok: boolean;
  readonly note: string;
  readonly output: string;
}

/** One row of the table. */
export interface Check {
  readonly name: string;
  /** What the check keeps true, as a few words. */
  readonly keeps: string;
  readonly run: (root: string) => Promise<Outcome>;
  /** It writes files for a while that others would look at. */
  readonly alone?: true;
}

export interface Row {
  readonly name: string;
  readonly outcome: Outcome;
  readonly ms: number;
}

/** Findings as an outcome: none is green. `what` is the word for one finding. */
export function outcomeOf(findings: readonly string[], { what, green }: { readonly what: string; readonly green: string }): Outcome {
  if (findings.length === 0) return { ok: true, note: green, output: "" };
  return { ok: false, note: `${findings.length} ${what}`, output: findings.join("\n") };
}

/** The table at the end: state, name, seconds, note. */
export function tableOf(rows: readonly Row[]): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  return rows.map(({ name, outcome, ms }) => `${outcome.ok ? "ok  " : "RED "} ${name.padEnd(width)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${outcome.note}`).join("\n");
}
