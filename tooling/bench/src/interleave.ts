/** One of the things that are compared: `once` does it a single time and gives what was measured. */
export interface Subject<Measured = number> {
  readonly name: string;
  readonly once: () => Promise<Measured>;
}

export interface Rounds {
  /** Most rounds that count. */
  readonly rounds: number;
  /** No round begins after this many milliseconds; one is always measured. */
  readonly budgetMs: number;
  readonly now: () => number;
}

/**
 * Measure all subjects once in each round, so that what the machine does meanwhile meets all alike. Each round begins
 * with another subject. A round before the first fills the caches and does not count.
 *
 * @returns the samples of each subject, in the subjects' order, all of the same length
 */
export async function interleave<Measured>(subjects: readonly Subject<Measured>[], { rounds, budgetMs, now }: Rounds): Promise<readonly (readonly Measured[])[]> {
  const samples = subjects.map((): Measured[] => []);
  const began = now();
  for (const { once } of subjects) await once();
  for (let round = 0; round < rounds && (round === 0 || now() - began < budgetMs); round += 1) {
    for (let step = 0; step < subjects.length; step += 1) {
      const at = (round + step) % subjects.length;
      const value = await subjects[at]?.once();
      if (value !== undefined) samples[at]?.push(value);
    }
  }
  return samples;
}
