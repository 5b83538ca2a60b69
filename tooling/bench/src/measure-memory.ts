import { setTimeout as sleep } from "node:timers/promises";
import { openBenchHost, type BenchHost } from "./bench-host.ts";
import { cgroupMemory } from "./cgroup-memory.ts";
import type { Line, Series } from "./line.ts";
import { quantile } from "./statistics.ts";

const SANDBOXES = 5;
/** A process that is left alone for a moment, and how often it is looked at then. */
const SETTLE_MS = 2000;
const LOOKS = 3;
const LOOK_MS = 300;
const MIB = 1 << 20;

/** What an idle daemon and the gates of its sandboxes take. On a daemon of its own, which has done nothing else. */
export async function measureMemory(): Promise<readonly Line[]> {
  await using host = await openBenchHost();
  const none = await idleDaemon(host);
  const gates = [await startOne(host)];
  const one = await idleDaemon(host);
  while (gates.length < SANDBOXES) gates.push(await startOne(host));
  const five = await idleDaemon(host);
  const common = { unit: "MiB", better: "less" } as const;
  const empty: Series = { name: "without a sandbox", samples: none };
  return [
    { ...common, title: "daemon, idle, resident: with 1 sandbox", ours: { name: "sbx", samples: one }, references: [empty] },
    { ...common, title: `daemon, idle, resident: with ${SANDBOXES} sandboxes`, ours: { name: "sbx", samples: five }, references: [empty] },
    { ...common, title: "gate container, each", ours: gateSeries(gates), references: [] },
  ];
}

/** What a Docker API adds to what a sandbox takes of the daemon: as many sandboxes without one, then with one. */
export async function measureGuardMemory(): Promise<Line> {
  await using host = await openBenchHost();
  const grown = async (docker: "none" | "guarded"): Promise<readonly number[]> => {
    const before = quantile(await idleDaemon(host), 0.5);
    for (let made = 0; made < SANDBOXES; made += 1) await startOne(host, docker);
    return (await idleDaemon(host)).map((after) => (after - before) / SANDBOXES);
  };
  // What the first ones bring along for good is nobody's share.
  await grown("guarded");
  const without = await grown("none");
  const ours = { name: "sbx", samples: await grown("guarded") };
  return { unit: "MiB", better: "less", title: "daemon, idle, resident: each further sandbox with a Docker API", ours, references: [{ name: "each without one", samples: without }] };
}

async function startOne(host: BenchHost, docker: "none" | "guarded" = "none"): Promise<number | undefined> {
  const { sandbox } = await host.client.createSandbox({ agent: "shell", workspace: host.workspace(), docker });
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
