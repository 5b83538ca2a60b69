import { buffer } from "node:stream/consumers";
import { connectEngine } from "@sbx/engine-docker";
import { OwnEngine, startStandInRegistry, whyNoEngine } from "@sbx/testing";
import { pack } from "tar-stream";
import { expect, it } from "vitest";
import { findDebianRoot } from "../src/debian-root.ts";

/** On the loopback of the engine's own network namespace, where nobody else is. */
const PORT = 5000;

const why = whyNoEngine("docker");
if (why !== undefined) process.stdout.write(`skipped: the base image from a registry, 1 test, because ${why}\n`);

it.skipIf(why !== undefined)("Debian comes from the registry that the engine knows, if one answers; without it, from packages (as root, who can start an engine)", async ({ signal }) => {
  const tar = pack();
  tar.entry({ name: "etc/debian_version" }, "12.0\n");
  tar.finalize();
  const registry = await startStandInRegistry({ name: "library/debian", tag: "bookworm-slim", layer: await buffer(tar) });
  await using own = await OwnEngine.start("docker", { words: ["--registry-mirror", `http://127.0.0.1:${PORT}`] });
  await using _relay = await own.relay(PORT, { to: Number(registry.address.split(":")[1]) });
  const engine = await connectEngine({ endpoint: own.host, environment: {}, home: "/nonexistent" });
  const lines: string[] = [];
  const find = async (): Promise<string> => findDebianRoot({ engine, reference: "sbx/debian-root:test", mmdebstrap: "/nonexistent/mmdebstrap", progress: (line) => void lines.push(line), signal });

  expect(await find()).toBe("debian:bookworm-slim");
  expect(await engine.findImage("debian:bookworm-slim")).toBe(registry.digests.config);
  expect(registry.asked).toContain("/v2/library/debian/manifests/bookworm-slim");
  expect(lines.some((line) => line.includes("trying Debian's packages"))).toBe(false);

  await engine.removeImage("debian:bookworm-slim");
  await registry[Symbol.asyncDispose]();
  await expect(find()).rejects.toMatchObject({ code: "IMAGE_UNAVAILABLE" });
  expect(lines.some((line) => line.includes("trying Debian's packages"))).toBe(true);
});
