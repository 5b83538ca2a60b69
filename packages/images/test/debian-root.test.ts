import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { AppError } from "@sbx/contracts";
import type { ImageEngine } from "@sbx/core";
import { test as base } from "vitest";
import { findDebianRoot } from "../src/debian-root.ts";

interface Imports {
  readonly engine: ImageEngine;
  /** What was imported to its end. */
  readonly whole: string[];
  readonly pulls: string[];
}

/** An engine without images, whose registry answers or not. */
function anEngine({ registry = false, kept = [] }: { registry?: boolean; kept?: readonly string[] } = {}): Imports {
  const whole: string[] = [];
  const pulls: string[] = [];
  const refuse = (): Promise<never> => Promise.reject(new Error("not asked for here"));
  const engine: ImageEngine = {
    findImage: (reference) => Promise.resolve(kept.includes(reference) ? "sha256:kept" : undefined),
    pull: (reference) => {
      pulls.push(reference);
      return registry ? Promise.resolve("sha256:pulled") : Promise.reject(new Error("no such host"));
    },
    importRootfs: async (rootfs) => {
      whole.push(await text(rootfs));
      return "sha256:imported";
    },
    build: refuse,
    commit: refuse,
    imageConfig: refuse,
    readFile: refuse,
    listImages: refuse,
    removeImage: refuse,
  };
  return { engine, whole, pulls };
}

const test = base.extend<{ program: (script: string) => Promise<string> }>({
  program: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "sbx-debian-"));
    await use(async (script) => {
      const path = join(directory, "mmdebstrap");
      await writeFile(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
      return path;
    });
    await rm(directory, { recursive: true });
  },
});

const quiet = { progress: () => undefined, signal: new AbortController().signal, reference: "sbx/debian-root:test" };

test("takes what an interrupted build left, and asks nobody else", async ({ expect }) => {
  const { engine, pulls } = anEngine({ kept: ["sbx/debian-root:test"], registry: true });
  expect(await findDebianRoot({ ...quiet, engine, mmdebstrap: "/nonexistent" })).toBe("sbx/debian-root:test");
  expect(pulls).toEqual([]);
});

test("takes the registry's where one answers", async ({ expect }) => {
  const { engine } = anEngine({ registry: true });
  expect(await findDebianRoot({ ...quiet, engine, mmdebstrap: "/nonexistent" })).toBe("debian:bookworm-slim");
});

test("makes one of packages where none answers", async ({ expect, program }) => {
  const { engine, whole } = anEngine();
  expect(await findDebianRoot({ ...quiet, engine, mmdebstrap: await program('echo "tar of $*"') })).toBe("sbx/debian-root:test");
  expect(whole).toEqual(["tar of --variant=minbase bookworm -\n"]);
});

test("says of every attempt why it failed", async ({ expect }) => {
  const { engine } = anEngine();
  const error: unknown = await findDebianRoot({ ...quiet, engine, mmdebstrap: "/nonexistent/mmdebstrap" }).catch((caught: unknown) => caught);
  expect(AppError.is(error) && error.code).toBe("IMAGE_UNAVAILABLE");
  expect(error).toHaveProperty("details.attempts", [
    { name: "what an earlier try left", why: "there is nothing" },
    { name: "image registry", why: "no such host" },
    { name: "Debian's packages (mmdebstrap)", why: "spawn /nonexistent/mmdebstrap ENOENT" },
    { name: "Debian's packages (mmdebstrap in fakechroot)", why: process.getuid?.() === 0 ? "root has no use for it" : "spawn /nonexistent/mmdebstrap ENOENT" },
  ]);
});

test("a root file system that was cut off never reaches the engine as a whole one", async ({ expect, program }) => {
  const { engine, whole } = anEngine();
  const mmdebstrap = await program("echo half; echo 'E: mirror is gone' >&2; exit 25");
  await expect(findDebianRoot({ ...quiet, engine, mmdebstrap })).rejects.toThrow(/ended with code 25: E: mirror is gone/);
  expect(whole).toEqual([]);
});

test("an abort ends the program and is passed on as it is", async ({ expect, program }) => {
  const { engine, whole } = anEngine();
  const stop = new AbortController();
  const mmdebstrap = await program("echo started >&2; exec sleep 60");
  const progress = (line: string): void => {
    if (line === "started") stop.abort(new Error("enough"));
  };
  await expect(findDebianRoot({ ...quiet, engine, mmdebstrap, progress, signal: stop.signal })).rejects.toThrow("enough");
  expect(whole).toEqual([]);
});
