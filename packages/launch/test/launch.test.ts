import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { test as base } from "vitest";

const LAUNCH = dirname(fileURLToPath(import.meta.resolve("@sbx/launch")));

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

interface Clone {
  /** Write `apps/x/src/bin.ts`. */
  readonly source: (code: string) => Promise<void>;
  /** Write what the sources were put together to, made from `apps/x/src/bin.ts` as it is now. */
  readonly bundle: (code: string) => Promise<void>;
  /** Put a Node among the dependencies, as an installation of the clone does. */
  readonly bringNode: () => Promise<void>;
  /** Make it an installed package: write `apps/x/dist/bin.js`, and leave no sources. */
  readonly install: (code: string) => Promise<void>;
  /** Start the launcher, which believes that the machine's Node has this version. */
  readonly start: (version: string, args?: readonly string[]) => Run;
}

/** A clone with one program, `apps/x`. A Node that its dependencies brought is a script that says so and runs the real one. */
const test = base.extend<{ clone: Clone }>({
  clone: async ({}, use) => {
    const root = await mkdtemp(join(tmpdir(), "sbx-launch-"));
    const app = join(root, "apps/x");
    await Promise.all(["bin", "src", "dist", "node_modules/@sbx"].map((name) => mkdir(join(app, name), { recursive: true })));
    await symlink(LAUNCH, join(app, "node_modules/@sbx/launch"));
    await writeFile(join(app, "package.json"), '{"type":"module","version":"1.2.3"}');
    await writeFile(
      join(app, "bin/x.mjs"),
      'import { launch } from "@sbx/launch";\nconst pretend = process.env.PRETEND;\nawait launch({ name: "x", from: import.meta.url, ...(pretend ? { version: pretend } : {}) });\n',
    );
    await use({
      source: (code) => writeFile(join(app, "src/bin.ts"), code),
      bundle: async (code) => {
        const bundles = join(app, "node_modules/.cache/bundle");
        await mkdir(join(bundles, "made"), { recursive: true });
        await writeFile(join(bundles, "made/bin.mjs"), code);
        const { size, mtimeMs } = await stat(join(app, "src/bin.ts"));
        await writeFile(join(bundles, "current.json"), JSON.stringify({ entry: "made/bin.mjs", sources: [["apps/x/src/bin.ts", size, mtimeMs]] }));
      },
      install: async (code) => {
        await rm(join(app, "src"), { recursive: true });
        await writeFile(join(app, "dist/bin.js"), code);
      },
      bringNode: async () => {
        const bin = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin");
        await mkdir(bin, { recursive: true });
        await writeFile(join(bin, "node"), `#!/bin/sh\nPRETEND= BROUGHT=1 exec '${process.execPath}' "$@"\n`);
        await chmod(join(bin, "node"), 0o755);
      },
      start: (version, args = []) => {
        const child = spawn(process.execPath, [join(app, "bin/x.mjs"), ...args], { env: { ...process.env, NODE_OPTIONS: "", PRETEND: version }, stdio: ["pipe", "pipe", "pipe"] });
        const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(([[code], out, err]) => ({ code: typeof code === "number" ? code : null, out, err }));
        return { child, ended };
      },
    });
    await rm(root, { recursive: true });
  },
});

test("runs the sources in this process when Node is new enough", async ({ expect, clone }) => {
  await clone.source('const n: number = 7; console.log(process.env["BROUGHT"], ...process.argv.slice(2)); process.exitCode = n;');
  expect(await clone.start("24.0.0", ["a b", "--c"]).ended).toEqual({ code: 7, out: "undefined a b --c\n", err: "" });
});

test("runs what the sources were put together to, until one of them changes", async ({ expect, clone }) => {
  await clone.source('console.log("source");');
  await clone.bundle('console.log("bundle");');
  expect(await clone.start("24.0.0").ended).toEqual({ code: 0, out: "bundle\n", err: "" });
  await clone.source('console.log("edited");');
  expect(await clone.start("24.0.0").ended).toEqual({ code: 0, out: "edited\n", err: "" });
});

test.for(["--version", "-V"])("%s alone is answered from the manifest, and the program does not run", async (word, { expect, clone }) => {
  await clone.source('console.log("ran", ...process.argv.slice(2));');
  expect(await clone.start("24.0.0", [word]).ended).toEqual({ code: 0, out: "1.2.3\n", err: "" });
  expect(await clone.start("24.0.0", [word, "more"]).ended).toEqual({ code: 0, out: `ran ${word} more\n`, err: "" });
});

test("runs what was built of an installed package, which has no sources", async ({ expect, clone }) => {
  await clone.install('console.log("installed", ...process.argv.slice(2));');
  expect(await clone.start("24.0.0", ["a"]).ended).toEqual({ code: 0, out: "installed a\n", err: "" });
});

test("an old Node goes on under the one that the clone brought, with arguments, stdin and exit code", async ({ expect, clone }) => {
  await clone.bringNode();
  await clone.source('process.stdin.pipe(process.stdout); console.log(process.env["BROUGHT"], ...process.argv.slice(2)); process.exitCode = 9;');
  const { child, ended } = clone.start("20.19.0", ["a b", "--c"]);
  child.stdin?.end("typed\n");
  expect(await ended).toEqual({ code: 9, out: "1 a b --c\ntyped\n", err: "" });
});

test("a signal reaches the program, whose own exit code counts", async ({ expect, clone }) => {
  await clone.bringNode();
  await clone.source('process.on("SIGTERM", () => process.exit(33)); setInterval(() => {}, 1000); console.log("ready");');
  const { child, ended } = clone.start("20.19.0");
  if (child.stdout !== null) await once(child.stdout, "readable");
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: 33 });
});

test("a program that a signal killed ends as a shell would say it", async ({ expect, clone }) => {
  await clone.bringNode();
  await clone.source('process.kill(process.pid, "SIGKILL");');
  expect(await clone.start("20.19.0").ended).toMatchObject({ code: 137 });
});

test("an old Node without another says what to do in two lines, and runs nothing", async ({ expect, clone }) => {
  await clone.source('console.log("ran");');
  expect(await clone.start("20.19.0").ended).toEqual({
    code: 125,
    out: "",
    err: "error: x needs Node 24 or newer; this is 20.19.0\n  fix: install Node 24, or in a clone of the project run: npm run quickstart\n",
  });
});
