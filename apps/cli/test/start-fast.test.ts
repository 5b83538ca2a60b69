import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, it } from "vitest";

const run = promisify(execFile);
const HOOK = `data:text/javascript,${encodeURIComponent('import { registerHooks } from "node:module"; registerHooks({ load: (url, context, next) => { process.stderr.write(url + "\\n"); return next(url, context); } });')}`;
const BIN = fileURLToPath(new URL("../bin/sbx.mjs", import.meta.url));

describe("commands that need no daemon", () => {
  it.for([["--version"], ["--help"], ["run", "--help"], ["version"], []])("load nothing heavy: sbx %s", async (line, { expect }) => {
    const { stderr } = await run(process.execPath, ["--import", HOOK, BIN, ...line]);
    const loaded = stderr.split("\n").filter((url) => url !== "");
    expect(loaded.length).toBeGreaterThan(10);
    expect(loaded.filter((url) => /\/(zod|undici|dockerode|contracts)\/|node:(http|net|sqlite)/.test(url))).toEqual([]);
  });
});
