import { parseArgs } from "node:util";
import { startEngineWithImages } from "./bring-images.ts";
import { Lab } from "./lab.ts";
import { runSoak } from "./src/soak/run-soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string" },
    places: { type: "string", default: "4" },
    // An engine that nobody else uses, so that it can be killed too; only root can start one.
    "own-engine": { type: "boolean", default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
console.log(`seed ${String(seed)}`);
await using own = values["own-engine"] ? await startEngineWithImages() : undefined;
await using lab = new Lab(own === undefined ? {} : { DOCKER_HOST: own.host });
const end = Date.now() + Number(values.minutes) * 60_000;
const result = await runSoak(lab, {
  seed,
  places: Number(values.places),
  goesOn: () => Date.now() < end,
  progress: (line) => console.log(line),
  ...(own === undefined
    ? {}
    : {
        restartEngine: async () => {
          await own.stop("SIGKILL");
          await own.start();
        },
      }),
});
console.log(JSON.stringify(result, null, 2));
process.exitCode = result.findings.length === 0 ? 0 : 1;
