import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { Engine } from "@sbx/core";
import { startStandInRegistry, type Forgery } from "@sbx/testing";
import { pack } from "tar-stream";
import { beforeAll, describe, it } from "vitest";
import { realEngine } from "./test-container.ts";

/** A layer that no engine has seen before. */
async function newLayer(): Promise<{ readonly layer: Buffer; readonly text: string }> {
  const text = randomBytes(8).toString("hex");
  const tar = pack();
  tar.entry({ name: "etc/greeting" }, text);
  tar.finalize();
  return { layer: await buffer(tar), text };
}

describe("an image from a registry", () => {
  let engine: Engine;
  const { signal } = new AbortController();
  beforeAll(async () => {
    engine = await realEngine();
  });

  it("is the one that the registry's digests name, by tag and by digest", async ({ expect }) => {
    const { layer, text } = await newLayer();
    await using registry = await startStandInRegistry({ name: "sbx-test/debian", tag: "bookworm-slim", layer });
    const name = `${registry.address}/sbx-test/debian`;
    const lines: string[] = [];
    expect(await engine.pull(`${name}:bookworm-slim`, (line) => void lines.push(line), signal)).toBe(registry.digests.config);
    expect(lines.join("\n")).toContain(registry.digests.manifest);
    expect((await engine.readFile(registry.digests.config, "/etc/greeting")).toString()).toBe(text);
    expect(await engine.pull(`${name}@${registry.digests.manifest}`, () => undefined, signal)).toBe(registry.digests.config);
    await engine.removeImage(`${name}:bookworm-slim`);
    await engine.removeImage(`${name}@${registry.digests.manifest}`);
    expect(await engine.findImage(registry.digests.config)).toBeUndefined();
  });

  it.for(["manifest", "config", "layer"] as const satisfies readonly Forgery[])("whose %s does not fit its digest is unavailable, and nothing of it stays", async (forged, { expect }) => {
    const { layer } = await newLayer();
    await using registry = await startStandInRegistry({ name: "sbx-test/debian", tag: "bookworm-slim", layer, forged });
    const name = `${registry.address}/sbx-test/debian`;
    for (const reference of forged === "manifest" ? [`${name}@${registry.digests.manifest}`] : [`${name}@${registry.digests.manifest}`, `${name}:bookworm-slim`]) {
      await expect(engine.pull(reference, () => undefined, signal)).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
      expect(await engine.findImage(reference)).toBeUndefined();
    }
    expect(await engine.findImage(registry.digests.config)).toBeUndefined();
    expect(registry.asked).toContain(`/v2/sbx-test/debian/manifests/${registry.digests.manifest}`);
  });

  it("that the registry does not have, or whose registry is not there, is unavailable", async ({ expect }) => {
    const { layer } = await newLayer();
    const registry = await startStandInRegistry({ name: "sbx-test/debian", tag: "bookworm-slim", layer });
    const other = engine.pull(`${registry.address}/sbx-test/other:1`, () => undefined, signal);
    await expect(other).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
    await registry[Symbol.asyncDispose]();
    await expect(engine.pull(`${registry.address}/sbx-test/debian:bookworm-slim`, () => undefined, signal)).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
  });
});
