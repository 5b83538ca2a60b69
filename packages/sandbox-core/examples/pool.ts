/**
 * Ten sandboxes, made four at a time, that share a list of jobs; all of them go at the end, whatever happens.
 *
 *     node pool.ts ./my-project 10
 */
import { sbx, type SandboxHandle } from "@sbx/core";

const [workspace = ".", size = "10"] = process.argv.slice(2);
const AT_A_TIME = 4;

await using pool = new AsyncDisposableStack();
const boxes: SandboxHandle[] = [];
const making = Array.from({ length: Number(size) }, (_, index) => index);
await inLanes(AT_A_TIME, making, async (index) => {
  boxes.push(pool.use(await sbx.create({ agent: "shell", workspace, name: `pool-${process.pid}-${index}` })));
});

const jobs = Array.from({ length: Number(size) * 3 }, (_, job) => job);
const results = new Map<number, string>();
await Promise.all(
  boxes.map(async (box) => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { stdout } = await box.exec(["sh", "-c", 'echo "$1 squared is $(($1 * $1)), says $SBX_SANDBOX"', "sh", String(job)]).result();
      results.set(job, stdout.trim());
    }
  }),
);
for (const [, text] of [...results].toSorted(([a], [b]) => a - b)) process.stdout.write(`${text}\n`);

/** Work on all items, so many at a time. Rejects with the first failure when all lanes have come to their end. */
async function inLanes<T>(count: number, items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let item = items.shift(); item !== undefined; item = items.shift()) await work(item);
  };
  const lanes = await Promise.allSettled(Array.from({ length: count }, lane));
  for (const one of lanes) if (one.status === "rejected") throw one.reason;
}
