import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { openBenchHost, type BenchHost } from "./bench-host.ts";
import { cgroupMemory } from "./cgroup-memory.ts";
import type { Line, Series } from "./line.ts";
import { runProgram } from "./run-program.ts";

const SANDBOXES = 20;
/** A process that is left alone for a moment, and how often it is looked at then. */
const SETTLE_MS = 2000;
const LOOKS = 3;
const LOOK_MS = 300;
const MIB = 1 << 20;
const GUARDS = fileURLToPath(new URL("../guards.ts", import.meta.url));
const GUARD_COUNT = 50;
const Each = z.object({ resident: z.number() });

/** What an idle daemon and the gates of its sandboxes take. On a daemon of its own, which has done nothing else. */
export async function measureMemory(): Promise<readonly Line[]> {
  await using host = await openBenchHost();
  const none = await idleDaemon(host);
  const gates = [await startOne(host)];
  const one = await idleDaemon(host);
  while (gates.length < SANDBOXES) gates.push(await startOne(host));
  const all = await idleDaemon(host);
  const common = { unit: "MiB", better: "less" } as const;
  const empty: Series = { name: "without a sandbox", samples: none };
  return [
    { ...common, title: "daemon, idle, resident: with 1 sandbox", ours: { name: "sbx", samples: one }, references: [empty] },
    { ...common, title: `daemon, idle, resident: with ${SANDBOXES} sandboxes`, ours: { name: "sbx", samples: all }, references: [empty] },
    { ...common, title: "gate container, each", ours: gateSeries(gates), references: [] },
  ];
}

/** What a Docker API that is not used takes: each further one in a process that has nothing else. */
export async function measureGuardMemory(engineSocket: string, { env }: Pick<BenchHost, "env">): Promise<Line> {
  const samples: number[] = [];
  while (samples.length < LOOKS) {
    const printed = await runProgram(process.execPath, ["--conditions=@sbx/source", "--expose-gc", GUARDS, engineSocket, String(GUARD_COUNT)], { cwd: "/", env });
    samples.push(Each.parse(JSON.parse(printed)).resident);
  }
  return { unit: "MiB", better: "less", title: "Docker API, idle, resident: each further sandbox's", ours: { name: "sbx", samples }, references: [] };
}

async function startOne(host: BenchHost): Promise<number | undefined> {
  const { sandbox } = await host.client.createSandbox({ agent: "shell", workspace: host.workspace() });
  const { id } = await host.engine.containerOf(sandbox.id, "gate");
  return cgroupMemory(await host.engine.pidOf(id));
}

async function idleDaemon({ client }: BenchHost): Promise<readonly number[]> {
  await sleep(SETTLE_MS);
  const looks: number[] = [];
  while (looks.length < LOOKS) {
    looks.push((await client.status({})).memoryBytes / MIB);
    await sleep(LOOK_MS);
  }
  return looks;
}

function gateSeries(gates: readonly (number | undefined)[]): Series {
  const samples = gates.filter((gate) => gate !== undefined);
  return samples.length > 0 ? { name: "sbx", samples } : { name: "sbx", missing: "its control group cannot be read" };
}
