import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { buildSettings } from "../src/build-settings.ts";

/** A directory for PATH with an `npm` that answers what the test says. */
const test = base.extend<{ npmSays: (answer: string) => Promise<string> }>({
  npmSays: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "sbx-npm-"));
    await use(async (answer) => {
      await writeFile(join(directory, "npm"), `#!/bin/sh\necho '${answer}'\n`);
      await chmod(join(directory, "npm"), 0o755);
      return directory;
    });
    await rm(directory, { recursive: true });
  },
});

const { signal } = new AbortController();

test("passes proxies and the npm registry on", async ({ expect, npmSays }) => {
  const env = { PATH: await npmSays("https://npm.example.test/repo/"), https_proxy: "http://proxy.example.test:3128", NO_PROXY: ".example.test", http_proxy: "", HOME: "/x" };
  expect(await buildSettings(env, signal)).toEqual({
    https_proxy: "http://proxy.example.test:3128",
    NO_PROXY: ".example.test",
    NPM_CONFIG_REGISTRY: "https://npm.example.test/repo/",
  });
});

for (const answer of ["https://user:secret@npm.example.test/", "http://localhost:4873/", "http://127.0.0.1:4873/", "file:///etc/", "undefined", ""]) {
  test(`keeps a registry of ${JSON.stringify(answer)} out of the build`, async ({ expect, npmSays }) => {
    expect(await buildSettings({ PATH: await npmSays(answer) }, signal)).toEqual({});
  });
}

test("passes the Python index on", async ({ expect, npmSays }) => {
  const PATH = await npmSays("");
  await writeFile(join(PATH, "python3"), `#!/bin/sh\necho "global.index-url='https://python.example.test/simple'"\n`);
  await chmod(join(PATH, "python3"), 0o755);
  expect(await buildSettings({ PATH }, signal)).toEqual({ PIP_INDEX_URL: "https://python.example.test/simple" });
});

test("keeps a proxy on the host's loopback out of the build", async ({ expect, npmSays }) => {
  expect(await buildSettings({ PATH: await npmSays(""), http_proxy: "http://127.0.0.1:3128", HTTPS_PROXY: "localhost:3128" }, signal)).toEqual({});
});

test("keeps a proxy's credential out of the build", async ({ expect, npmSays }) => {
  const env = {
    PATH: await npmSays(""),
    http_proxy: "http://user:secret@proxy.example.test:3128",
    HTTPS_PROXY: "user:secret@proxy.example.test:3128",
    https_proxy: "http://token@proxy.example.test:3128",
  };
  expect(await buildSettings(env, signal)).toEqual({});
});

test("asks npm at the root, where no repository's .npmrc counts", async ({ expect, npmSays }) => {
  expect(await buildSettings({ PATH: await npmSays("'\"https://npm.example.test$(pwd)\"'") }, signal)).toEqual({ NPM_CONFIG_REGISTRY: "https://npm.example.test/" });
});

test("no npm is no setting", async ({ expect }) => {
  expect(await buildSettings({ PATH: "/nonexistent" }, signal)).toEqual({});
});
