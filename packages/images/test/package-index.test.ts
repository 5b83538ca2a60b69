import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { packageIndex } from "../src/package-index.ts";
import type { Environment } from "../src/host-trust.ts";

/** A directory for PATH with an `npm` and a `python3` that answer what the test says. */
const test = base.extend<{ clientsSay: (npm: string, pip: string) => Promise<string> }>({
  clientsSay: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "sbx-clients-"));
    await use(async (npm, pip) => {
      for (const [name, answer] of [
        ["npm", npm],
        ["python3", pip],
      ] as const) {
        await writeFile(join(directory, name), `#!/bin/sh\n/bin/cat <<'END'\n${answer}\nEND\n`);
        await chmod(join(directory, name), 0o755);
      }
      return directory;
    });
    await rm(directory, { recursive: true });
  },
});
const { signal } = new AbortController();
const both = async (env: Environment): Promise<unknown> => [await packageIndex("npm", env, signal), await packageIndex("pypi", env, signal)];

test("are what npm and pip of this host are set to", async ({ expect, clientsSay }) => {
  const PATH = await clientsSay("https://packages.example.test/npm/", "global.cert='/etc/x.crt'\nglobal.index-url='https://packages.example.test/python'");
  expect(await both({ PATH })).toEqual(["https://packages.example.test/npm/", "https://packages.example.test/python"]);
});

test("are what the nearest setting of pip says", async ({ expect, clientsSay }) => {
  const lines = ["global.index-url='https://global.test/simple'", "install.index-url='https://install.test/simple'", ":env:.index-url='https://env.test/simple'"];
  const pypi = async (count: number): Promise<string | undefined> => await packageIndex("pypi", { PATH: await clientsSay("", lines.slice(0, count).join("\n")) }, signal);
  expect([await pypi(1), await pypi(2), await pypi(3)]).toEqual(["https://global.test/simple", "https://install.test/simple", "https://env.test/simple"]);
});

for (const address of ["https://user:secret@index.example.test/", "http://localhost:4873/", "http://127.0.0.1:4873/", "http://[::1]/", "file:///etc/", "undefined", ""]) {
  test(`leave out ${JSON.stringify(address)}`, async ({ expect, clientsSay }) => {
    expect(await both({ PATH: await clientsSay(address, `global.index-url='${address}'`) })).toEqual([undefined, undefined]);
  });
}

test("are nothing where there are no clients", async ({ expect }) => {
  expect(await both({ PATH: "/nonexistent" })).toEqual([undefined, undefined]);
});
