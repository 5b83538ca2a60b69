import { describe, it } from "vitest";
import { Lab } from "./lab.ts";
import { runSoak } from "./src/soak/run-soak.ts";

describe("sandboxes that are used at random, while the daemon is killed under them", () => {
  it("all work at the end, and leave no container, volume, mount, descriptor, process or file, and no hole in the record", { timeout: 600_000 }, async ({ expect }) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    process.stdout.write(`soak: seed ${String(seed)}, again with: npm run soak -- --seed ${String(seed)}\n`);
    await using lab = new Lab();
    const { findings, steps } = await runSoak(lab, { seed, places: 2, goesOn: (taken) => taken < 16 });
    expect(findings).toEqual([]);
    expect(Object.values(steps).reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(16);
  });
});
