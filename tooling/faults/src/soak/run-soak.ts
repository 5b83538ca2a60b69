import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@sbx/testing/random";
import { isAlive, type Lab, until } from "../../lab.ts";
import { Place } from "./place.ts";
import { pickStep } from "./steps.ts";

/** How long, by which seed, and how many sandboxes at once. */
export interface Soak {
  readonly seed: number;
  readonly places: number;
  /** Whether another step is taken, given how many were. */
  readonly goesOn: (steps: number) => boolean;
  /** Kills the engine and brings it back, where it is one that nobody else uses. */
  readonly restartEngine?: () => Promise<void>;
  readonly progress?: (line: string) => void;
}

/** How often each step was taken, and what was found wrong at the end; nothing, if all is well. */
export interface SoakResult {
  readonly steps: Readonly<Record<string, number>>;
  readonly daemonKills: number;
  readonly engineRestarts: number;
  readonly findings: readonly string[];
}

/**
 * Use sandboxes at random, several at once, while daemon and engine are killed under them; then see whether every one
 * that is left still works, and whether anything stays behind when they are removed.
 */
export async function runSoak(lab: Lab, soak: Soak): Promise<SoakResult> {
  await lab.sbx("daemon", "start");
  const places = Array.from({ length: soak.places }, (_, number) => new Place(lab, number));
  const count = new Map<string, number>();
  const findings: string[] = [];
  let steps = 0;
  const acting = places.map(async (place, number) => {
    const random = new Random(soak.seed + number);
    while (soak.goesOn(steps) && findings.length === 0) {
      steps += 1;
      const step = pickStep(random);
      count.set(step.name, (count.get(step.name) ?? 0) + 1);
      await step.take(place, random).catch((error: unknown) => findings.push(`${place.name}: ${step.name}: ${String(error)}`));
      if (steps % 50 === 0) soak.progress?.(`${String(steps)} steps`);
    }
  });
  const ended = { now: false };
  const everybody = Promise.all(acting).then(() => {
    ended.now = true;
  });
  const { daemonKills, engineRestarts } = await causeFaults(lab, soak, ended);
  await everybody;
  findings.push(...(await survivors(lab, places)), ...(await remains(lab, places)));
  return { steps: Object.fromEntries(count), daemonKills, engineRestarts, findings };
}

async function causeFaults(lab: Lab, { seed, restartEngine }: Soak, ended: { readonly now: boolean }): Promise<Pick<SoakResult, "daemonKills" | "engineRestarts">> {
  const random = new Random(seed + 1000);
  const done = { daemonKills: 0, engineRestarts: 0 };
  for (;;) {
    await sleep(2000 + random.below(8000));
    if (ended.now) return done;
    if (restartEngine !== undefined && random.chance(0.1)) {
      await restartEngine();
      done.engineRestarts += 1;
    } else {
      // A daemon that is just being started by a command has not written its name yet, or is gone already.
      await lab.killDaemon().catch(() => undefined);
      done.daemonKills += 1;
    }
  }
}

/** What of the sandboxes that are still there does not work. */
async function survivors(lab: Lab, places: readonly Place[]): Promise<readonly string[]> {
  await lab.sbx("daemon", "start");
  const there = new Set((await lab.sandboxes()).map(({ name }) => name));
  const found: string[] = [];
  for (const place of places.filter(({ name }) => there.has(name))) {
    await place.sbx("stop", place.name);
    const { code, out, err } = await place.run("echo", "alive");
    if (code !== 0 || out !== "alive\n") found.push(`${place.name} does not work any more: ${String(code)} ${out}${err}`);
  }
  return found;
}

/** Remove everything and tell what is left of it: on the engine, on this machine, in the record. */
async function remains(lab: Lab, places: readonly Place[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name } of await lab.sandboxes()) {
    const { code, err } = await lab.sbx("rm", "--force", name);
    if (code !== 0) found.push(`${name} cannot be removed: ${err}`);
  }
  found.push(
    ...(await until(async () => (await lab.inEngine()).length === 0, "an empty engine").then(
      () => [],
      async () => (await lab.inEngine()).map((name) => `left in the engine: ${name}`),
    )),
  );
  for (const kind of ["pods", "sandboxes"]) found.push(...entries(path.join(lab.state, kind)).map((name) => `left in the state: ${kind}/${name}`));
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(lab.root));
  found.push(...mounts.map((line) => `left mounted: ${line}`));
  found.push(...lostEvents(await lab.allEvents()));
  const idle = openOf(lab.daemon);
  // Its own: database, log, lock, sockets of callers and of the engine, loaded files.
  if (idle > 60) found.push(`the daemon holds ${String(idle)} descriptors with no sandbox`);
  const pid = lab.daemon;
  await lab.sbx("daemon", "stop");
  await until(() => !isAlive(pid), "the daemon's end").catch(() => found.push(`the daemon ${String(pid)} goes on after its stop`));
  found.push(...processesOf(lab.root).map((line) => `left running: ${line}`));
  if (places.length === 0) throw new Error("nothing was tried");
  return found;
}

/** Ids go up one by one: a hole is an event that was lost. */
function lostEvents(ids: readonly number[]): readonly string[] {
  return ids.flatMap((id, index) => (index > 0 && id !== (ids[index - 1] ?? 0) + 1 ? [`events are lost before ${String(id)}`] : []));
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function openOf(pid: number): number {
  return readdirSync(`/proc/${String(pid)}/fd`).length;
}

function processesOf(root: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(root) || readFileSync(`/proc/${pid}/environ`, "utf8").includes(`SBX_STATE_DIR=${root}`) ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}
