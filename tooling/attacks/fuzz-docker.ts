import { parseArgs } from "node:util";
import { keepCases } from "./docker/fuzz/corpus.ts";
import { runFuzz } from "./docker/fuzz/run-fuzz.ts";
import { DockerLab } from "./docker/lab.ts";

const { values } = parseArgs({ options: { cases: { type: "string", default: "200000" }, seed: { type: "string" }, keep: { type: "boolean", default: false } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
console.log(`seed ${seed}`);
const started = Date.now();
await using lab = await DockerLab.open();
const progress = (done: number) => console.log(`${done} cases after ${Math.round((Date.now() - started) / 1000)} s`);
const { fresh, ...result } = await runFuzz(lab, { seed, cases: Number(values.cases), progress });
console.log(JSON.stringify(result, null, 2));
console.log(`${fresh.length} cases were answered in a way that was new`);
if (values.keep) await keepCases(fresh);
process.exitCode = result.findings.length === 0 ? 0 : 1;
