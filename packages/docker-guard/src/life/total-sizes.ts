import * as z from "zod";
import type { Guard } from "../guard.ts";
import type { GuardLimits } from "../limits.ts";
import { summaries } from "../owned/summaries.ts";
import { printable, Refusal } from "../refusal.ts";

/** What a container may use at most: bytes, billionths of a processor, processes. */
export interface Sizes {
  readonly memory: number;
  readonly nanoCpus: number;
  readonly pids: number;
}

const Facts = z.looseObject({ HostConfig: z.looseObject({ Memory: z.number().default(0), NanoCpus: z.number().default(0), PidsLimit: z.number().nullish() }) });
/** Less than that starts nothing. */
const LEAST: Sizes = { memory: 32 << 20, nanoCpus: 5e7, pids: 8 };
const WORDS = { memory: ["memory", (value: number) => `${Math.floor(value / 2 ** 20)} MiB`], nanoCpus: ["processors", (value: number) => String(value / 1e9)], pids: ["processes", String] } as const;
const KEYS = ["memory", "nanoCpus", "pids"] as const;

/** Whether there is a limit over all containers of the sandbox. */
function hasTotal({ totalMemoryBytes, totalCpus, totalPids }: GuardLimits): boolean {
  return [totalMemoryBytes, totalCpus, totalPids].some(Number.isFinite);
}

/** What the engine holds a container to: asked of it, because its sizes can be changed. */
export async function sizesOf({ parts: { engine } }: Pick<Guard, "parts">, id: string): Promise<Sizes> {
  const { status, body } = await engine.call({ method: "GET", path: ["containers", id, "json"] });
  if (status !== 200) return { memory: 0, nanoCpus: 0, pids: 0 };
  const { Memory, NanoCpus, PidsLimit } = Facts.parse(body).HostConfig;
  return { memory: Memory, nanoCpus: NanoCpus, pids: PidsLimit ?? 0 };
}

/** What the others that run leave of the sandbox's totals. */
async function roomBeside(guard: Guard, id: string | undefined): Promise<Sizes> {
  const { totalMemoryBytes, totalCpus, totalPids } = guard.parts.limits;
  const running = (await Promise.all([summaries(guard), summaries(guard, {}, "child-build")])).flat().filter(({ Id, State }) => Id !== id && (State === "running" || State === "paused"));
  const used = await Promise.all(running.map(({ Id }) => sizesOf(guard, Id)));
  const left = (total: number, key: keyof Sizes): number => total - used.reduce((sum, sizes) => sum + sizes[key], 0);
  return { memory: left(totalMemoryBytes, "memory"), nanoCpus: left(Math.round(totalCpus * 1e9), "nanoCpus"), pids: left(totalPids, "pids") };
}

/**
 * The limits of a container that is being made: `most` that it may ask for, and what it gets when it asks for nothing, which
 * is half of what is left where there is a limit over all.
 *
 * @throws Refusal 409 when nothing is left
 */
export async function limitsOfNext(guard: Guard): Promise<{ readonly most: Sizes; readonly usual: Sizes }> {
  const { memoryBytes, cpus, pids } = guard.parts.limits;
  const each: Sizes = { memory: memoryBytes, nanoCpus: Math.round(cpus * 1e9), pids };
  if (!hasTotal(guard.parts.limits)) return { most: each, usual: each };
  const room = await roomBeside(guard, undefined);
  const lacking = KEYS.find((key) => room[key] < LEAST[key]);
  if (lacking !== undefined) throw new Refusal(409, `the sandbox's containers that run have all of the ${WORDS[lacking][0]} that they may have together; stop one`);
  const least = (key: keyof Sizes, part: number): number => Math.min(each[key], Math.max(LEAST[key], Math.floor(room[key] / part)));
  return {
    most: { memory: least("memory", 1), nanoCpus: least("nanoCpus", 1), pids: least("pids", 1) },
    usual: { memory: least("memory", 2), nanoCpus: least("nanoCpus", 2), pids: least("pids", 2) },
  };
}

/** Do something after which a container runs with these sizes: one at a time, and only if all that run stay within the totals. @throws Refusal 409 */
export async function withinTotals<T>(guard: Guard, { id, sizes }: { readonly id: string; readonly sizes?: Partial<Sizes> }, work: () => Promise<T>): Promise<T> {
  if (!hasTotal(guard.parts.limits)) return work();
  return guard.starts.take("", async () => {
    const own = { ...(await sizesOf(guard, id)), ...sizes };
    const room = await roomBeside(guard, id);
    const over = KEYS.find((key) => own[key] > room[key]);
    if (over === undefined) return work();
    const [what, show] = WORDS[over];
    throw new Refusal(
      409,
      `the container ${printable(id.slice(0, 12))} would have ${show(own[over])} ${what}, and the others that run leave ${show(Math.max(0, room[over]))} of what all may have together; stop one, or ask for less`,
    );
  });
}
