import { parseArgs } from "node:util";
import { Lab } from "./lab.ts";
import { runSoak } from "./src/soak/run-soak.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" }, seed: { type: "string" }, places: { type: "string", default: "4" } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
const end = Date.now() + Number(values.minutes) * 60_000;
console.log(`seed ${String(seed)}`);
await using lab = new Lab();
const result = await runSoak(lab, { seed, places: Number(values.places), goesOn: () => Date.now() < end, progress: (line) => console.log(line) });
console.log(JSON.stringify(result, null, 2));
process.exitCode = result.findings.length === 0 ? 0 : 1;
