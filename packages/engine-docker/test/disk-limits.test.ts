import type Docker from "dockerode";
import { describe, it } from "vitest";
import { createDiskLimits } from "../src/disk-limits.ts";

interface Answers {
  readonly layer?: Error;
  readonly volume?: Error;
}

/** An engine that takes sizes, or does not; it notes what it has. */
function engineOf({ layer, volume }: Answers): { readonly docker: Docker; readonly there: Set<string>; readonly asked: object[] } {
  const there = new Set<string>();
  const asked: object[] = [];
  const make = (name: string, refusal: Error | undefined) => (options: object) => {
    asked.push(options);
    if (refusal !== undefined) return Promise.reject(refusal);
    there.add(name);
    return Promise.resolve({ remove: () => Promise.resolve(there.delete(name)) });
  };
  return { docker: { createContainer: make("container", layer), createVolume: make("volume", volume) } as unknown as Docker, there, asked };
}

const refusal = (message: string): Error => Object.assign(new Error(message), { statusCode: 500, json: { message } });
const limitsOf = async ({ docker }: { readonly docker: Docker }, driver = "overlay2") => createDiskLimits({ docker, driver, labels: { own: "yes" } }).diskLimits("image");

describe("what of the disk an engine can bound", () => {
  it("is all where it takes a size for containers and volumes; what was made for that is gone", async ({ expect }) => {
    const engine = engineOf({});
    expect(await limitsOf(engine)).toEqual({});
    expect([...engine.there]).toEqual([]);
    expect(engine.asked).toEqual([
      expect.objectContaining({ Image: "image", Labels: { own: "yes", "dev.sbx.role": "probe" }, HostConfig: { NetworkMode: "none", StorageOpt: { size: "1073741824" } } }),
      expect.objectContaining({ DriverOpts: { size: "1073741824" }, Labels: { own: "yes", "dev.sbx.role": "probe" } }),
    ]);
  });

  it("is told with the engine's own reason where it does not", async ({ expect }) => {
    expect(await limitsOf(engineOf({ layer: refusal("only over xfs with 'pquota'"), volume: refusal("no quota support") }))).toEqual({
      noLayer: "only over xfs with 'pquota'",
      noVolumes: "no quota support",
    });
    expect(await limitsOf(engineOf({ volume: refusal("no quota support") }), "btrfs")).toEqual({ noVolumes: "no quota support" });
  });

  it.for(["overlayfs", "vfs", "fuse-overlayfs", "overlay", ""])("is not believed of a driver that may take a size and do nothing: %s", async (driver, { expect }) => {
    const engine = engineOf({});
    expect((await limitsOf(engine, driver)).noLayer).toContain(`"${driver}"`);
    expect(engine.asked).toHaveLength(1);
  });

  it("is asked for once, and again where nobody answered", async ({ expect }) => {
    const engine = engineOf({});
    const limits = createDiskLimits({ docker: engine.docker, driver: "zfs", labels: {} });
    await Promise.all([limits.diskLimits("image"), limits.diskLimits("other")]);
    await limits.diskLimits("image");
    expect(engine.asked).toHaveLength(2);

    const gone = Object.assign(new Error("connect ENOENT"), { code: "ENOENT" });
    const answers: { layer?: Error } = { layer: gone };
    const docker = {
      createContainer: () => (answers.layer === undefined ? Promise.resolve({ remove: () => Promise.resolve() }) : Promise.reject(answers.layer)),
      createVolume: engine.docker.createVolume.bind(engine.docker),
    } as unknown as Docker;
    const later = createDiskLimits({ docker, driver: "zfs", labels: {} });
    await expect(later.diskLimits("image")).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    delete answers.layer;
    expect(await later.diskLimits("image")).toEqual({});
  });
});
