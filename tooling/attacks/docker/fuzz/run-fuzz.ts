import type { DockerLab } from "../lab.ts";
import { buildCase } from "./build-cases.ts";
import { readCorpus } from "./corpus.ts";
import { createCase } from "./create-bodies.ts";
import { execCase } from "./exec-cases.ts";
import type { FuzzCase } from "./fuzz-case.ts";
import { FuzzRun, type Finding, type FuzzOutcome } from "./fuzz-run.ts";
import { mutated } from "./mutate.ts";
import { networkCase, volumeCase } from "./object-cases.ts";
import { Random } from "@sbx/testing/random";

/** How many cases of which seed, and what came of them. */
export interface FuzzResult extends FuzzOutcome {
  readonly seed: number;
  readonly cases: number;
}

export interface FuzzWish {
  readonly seed: number;
  /** Beside those of the corpus. */
  readonly cases: number;
  readonly progress?: (done: number) => void;
  /** Told of what is found when it is: what ends a run early takes no finding with it. */
  readonly found?: (finding: Finding) => void;
}

const MAKERS: readonly (readonly [share: number, make: (random: Random) => FuzzCase])[] = [
  [0.4, createCase],
  [0.2, execCase],
  [0.2, networkCase],
  [0.17, volumeCase],
  [0.03, buildCase],
];
/**
 * Send random and changed requests to a guard, and look in the engine at what came of each: the corpus first, then
 * `cases` of the seed.
 */
export async function runFuzz(lab: DockerLab, { seed, cases, progress, found }: FuzzWish): Promise<FuzzResult> {
  const corpus = await readCorpus();
  await using run = await FuzzRun.open(lab, found);
  const random = new Random(seed);
  for (const one of corpus) await run.take(one);
  run.know();
  for (let at = 0; at < cases; at += 1) {
    await run.take(random.chance(0.3) ? mutated(random.pick([...corpus, ...run.fresh.values()].slice(0, 5000)), random) : nextCase(random));
    if (at % 1000 === 999) progress?.(at + 1);
  }
  return { seed, cases: corpus.length + cases, ...(await run.end()) };
}

function nextCase(random: Random): FuzzCase {
  let roll = random.next();
  const [, make = createCase] = MAKERS.find(([share]) => (roll -= share) < 0) ?? [];
  const made = make(random);
  return random.chance(0.25) ? mutated(made, random) : made;
}
