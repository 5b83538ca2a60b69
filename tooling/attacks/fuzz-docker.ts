import { parseArgs } from "node:util";
import { fuzzCreate } from "./docker/fuzz-create.ts";
import { DockerLab } from "./docker/lab.ts";

const { values } = parseArgs({ options: { cases: { type: "string", default: "5000" }, seed: { type: "string" } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
console.log(`seed ${seed}`);
const lab = await DockerLab.open();
const result = await fuzzCreate(lab, { seed, cases: Number(values.cases) });
await lab[Symbol.asyncDispose]();
console.log(JSON.stringify(result, null, 2));
process.exitCode = result.broken.length + result.odd.length === 0 ? 0 : 1;
