/** The middle of some samples and how far they spread. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which `share` (0 to 1) of the samples lie, interpolated. @throws Error without samples */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error("there are no samples");
  const sorted = samples.toSorted((one, other) => one - other);
  const at = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function summarise(samples: readonly number[]): Summary {
  return { median: quantile(samples, 0.5), min: Math.min(...samples), max: Math.max(...samples) };
}

/**
 * How many times the reference the subject is: the ratio of the medians, and the lowest and highest ratio of two
 * samples of one round, which saw the machine in the same state. Both must have been measured in the same rounds.
 */
export function ratioOf(subject: readonly number[], reference: readonly number[]): Summary {
  if (subject.length !== reference.length) throw new Error(`${subject.length} samples cannot be compared to ${reference.length} in rounds`);
  const rounds = subject.map((value, round) => value / (reference[round] ?? Number.NaN));
  return { median: quantile(subject, 0.5) / quantile(reference, 0.5), min: Math.min(...rounds), max: Math.max(...rounds) };
}
