import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createSbx } from "@sbx/core";
import { openBenchHost } from "./bench-host.ts";
import type { Line } from "./line.ts";

const SANDBOXES = 50;
const AT_A_TIME = 10;
/** How long the daemon and the engine have to end what was taken away. */
const SETTLE_MS = 5000;

/** Many sandboxes made at once, used and removed: how many of them failed, and what they left. On a daemon of its own. */
export async function measureCrowd(): Promise<readonly Line[]> {
  await using host = await openBenchHost();
  const sbx = createSbx({ env: host.env });
  const { pid } = await host.client.status({});
  // The first one has the images made and everything loaded.
  const first = await sbx.create({ agent: "shell", workspace: host.workspace() });
  const count = await host.engine.leftBeside((await host.engine.containerOf(first.id, "workload")).id);
  await first.remove();
  await sleep(SETTLE_MS);
  const before = { inEngine: await count(), open: descriptors(pid) };
  let left = SANDBOXES;
  let failed = 0;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      try {
        await using box = await sbx.create({ agent: "shell", workspace: host.workspace() });
        const { stdout } = await box.exec(["sh", "-c", "echo $((6 * 7))"]).result();
        if (stdout !== "42\n") failed += 1;
      } catch {
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  await sleep(SETTLE_MS);
  const common = { unit: "", better: "less", references: [] } as const;
  const title = `${SANDBOXES} sandboxes, ${AT_A_TIME} at a time`;
  const more = (now: number, then: number): readonly number[] => [Math.max(0, now - then)];
  return [
    { ...common, title: `${title}: failed`, ours: { name: "sbx", samples: [failed] } },
    { ...common, title: `${title}: containers and volumes more than before`, ours: { name: "sbx", samples: more(await count(), before.inEngine) } },
    { ...common, title: `${title}: descriptors of the daemon more than before`, ours: { name: "sbx", samples: more(descriptors(pid), before.open) } },
  ];
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
