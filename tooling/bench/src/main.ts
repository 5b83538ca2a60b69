import { parseArgs } from "node:util";
import { machineText } from "./machine.ts";
import { runBench, runCommandsBench, runDockerBench, runMcpBench, runSdkBench, runServersBench, runWallBench } from "./run-bench.ts";
import { renderTable, toJson } from "./table.ts";

const USUAL_ROUNDS = 9;
const MOST_ROUNDS = 100;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: String(USUAL_ROUNDS) },
    commands: { type: "boolean", default: false },
    servers: { type: "boolean", default: false },
    mcp: { type: "boolean", default: false },
    docker: { type: "boolean", default: false },
    sdk: { type: "boolean", default: false },
    wall: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);

if (!Number.isInteger(rounds) || rounds < 1 || rounds > MOST_ROUNDS) {
  console.error(`error: --rounds is a whole number from 1 to ${MOST_ROUNDS}, and not "${values.rounds}"`);
  process.exitCode = 2;
} else {
  const { machine, lines } = await questions()(rounds, (text) => {
    console.error(`bench: ${text}`);
  });
  if (values.json) console.log(JSON.stringify({ machine, rounds, lines: toJson(lines) }, undefined, 2));
  else console.log(`${machineText(machine)}\n${rounds} rounds; median (min–max)\n\n${renderTable(lines)}`);
}

/** One part of the bench where one is named, else all of it. */
function questions(): typeof runBench {
  if (values.commands) return runCommandsBench;
  if (values.mcp) return runMcpBench;
  if (values.servers) return runServersBench;
  if (values.docker) return runDockerBench;
  if (values.wall) return runWallBench;
  return values.sdk ? runSdkBench : runBench;
}
