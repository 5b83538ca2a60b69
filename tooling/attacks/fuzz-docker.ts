import { parseArgs } from "node:util";
import { keepCases } from "./docker/fuzz/corpus.ts";
import { runFuzz } from "./docker/fuzz/run-fuzz.ts";
import { DockerLab } from "./docker/lab.ts";

/** A case is mostly waiting for a guard that waits for more; so several are under way, each lane with an engine of its own, as it looks at all of it. */
const USUAL_LANES = "4";

const { values } = parseArgs({
  options: { cases: { type: "string", default: "200000" }, seed: { type: "string" }, lanes: { type: "string", default: USUAL_LANES }, keep: { type: "boolean", default: false } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
const lanes = Number(values.lanes);
const cases = Math.ceil(Number(values.cases) / lanes);
const started = Date.now();
await using held = new AsyncDisposableStack();
const labs: DockerLab[] = [];
while (labs.length < lanes) labs.push(held.use(await DockerLab.open()));
const results = await Promise.all(
  labs.map((lab, lane) => {
    const own = seed + lane;
    console.log(`seed ${own}: alone it is --seed ${own} --lanes 1 --cases ${cases}`);
    return runFuzz(lab, {
      seed: own,
      cases,
      progress: (done) => console.log(`seed ${own}: ${done} cases after ${Math.round((Date.now() - started) / 1000)} s`),
      found: (finding) => console.log(`seed ${own}: ${JSON.stringify(finding)}`),
    });
  }),
);
for (const { fresh: _fresh, ...result } of results) console.log(JSON.stringify(result, null, 2));
const fresh = new Map(results.flatMap((result) => [...result.fresh]));
console.log(`${fresh.size} cases were answered in a way that was new`);
if (values.keep) await keepCases([...fresh.values()]);
process.exitCode = results.every(({ findings }) => findings.length === 0) ? 0 : 1;
