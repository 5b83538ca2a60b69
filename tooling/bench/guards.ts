// Docker APIs of many sandboxes in a process of its own. Usage: node --expose-gc guards.ts ENGINE-SOCKET COUNT; prints the MiB that each one
// after the first adds to what is resident, and to what is held of the heap.
import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { SandboxId } from "@sbx/contracts";
import { connectGuardEngine, startDockerGuard, type GuardPods } from "@sbx/docker-guard";

const MIB = 1 << 20;
const [engineSocket = "", count = "20"] = process.argv.slice(2);
const nothing = (): never => {
  throw new Error("no container is made here");
};
const PODS: GuardPods = {
  resume: async () => await Promise.resolve(new Map()),
  expect: () => undefined,
  reserve: nothing,
  open: nothing,
  ready: nothing,
  rejoin: nothing,
  listen: nothing,
  rename: nothing,
  close: nothing,
};
const directory = mkdtempSync("/tmp/sbx-guards-");

async function start(at: number): Promise<AsyncDisposable> {
  return startDockerGuard({
    sandbox: SandboxId.parse(`sbx_${Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("")}`),
    socket: path.join(directory, String(at)),
    engine: await connectGuardEngine(engineSocket),
    pods: PODS,
    binds: { mount: nothing, release: nothing },
    images: { list: async () => await Promise.resolve([]), pull: nothing, push: nothing },
    owner: {},
    key: randomBytes(32),
    onFault: nothing,
  });
}

function memory(): { readonly resident: number; readonly held: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, held: heapUsed + external };
}

await using all = new AsyncDisposableStack();
all.defer(() => {
  rmSync(directory, { recursive: true });
});
all.use(await start(0));
const before = memory();
for (let at = 1; at <= Number(count); at += 1) all.use(await start(at));
const after = memory();
const each = (key: "resident" | "held"): number => (after[key] - before[key]) / Number(count) / MIB;
console.log(JSON.stringify({ resident: each("resident"), held: each("held") }));
