import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "vitest";
import { TOPICS } from "../src/help/topics.ts";
import { runLine } from "./support/run-line.ts";

describe("sbx help", () => {
  it("shows commands however deep, and topics", async ({ expect }) => {
    expect((await runLine(["help", "mcp", "catalog", "ls"])).out).toContain("Usage: sbx mcp catalog ls");
    expect((await runLine(["help", "rules"])).out).toContain("**.example.org");
    const { out, code } = await runLine(["help"]);
    for (const topic of [...Object.keys(TOPICS), "run"]) expect(out).toContain(`  ${topic} `);
    expect(code).toBe(0);
  });

  it("names what was nearly meant", async ({ expect }) => {
    expect(await runLine(["help", "ruels"])).toMatchObject({ code: 2, err: expect.stringContaining('there is "rules"') as unknown });
    expect(await runLine(["help", "constructor"])).toMatchObject({ code: 2 });
    expect((await runLine(["runn"])).err).toContain("Did you mean run?");
    expect((await runLine(["run", "--memroy", "1g", "shell"])).err).toContain("Did you mean --memory?");
  });

  it("has topics whose commands and options are there", async ({ expect }) => {
    for (const { text } of Object.values(TOPICS)) {
      for (const [, command = "", option] of text.matchAll(/sbx ([a-z]+)(?: [A-Z]+)?(?: (--?[a-z-]+))?/g)) {
        const { code, out } = await runLine([command, "--help"]);
        expect({ command, code }).toEqual({ command, code: 0 });
        if (option !== undefined) expect(out).toContain(option);
      }
    }
  });
});

describe("sbx man", () => {
  it("writes a page for each command that the manual's own reader takes without a warning", async ({ expect }) => {
    const directory = path.join(mkdtempSync(path.join(tmpdir(), "sbx-man-")), "man1");
    expect((await runLine(["man", directory])).code).toBe(0);
    const pages = readdirSync(directory);
    expect(pages.length).toBeGreaterThan(60);
    for (const page of ["sbx.1", "sbx-run.1", "sbx-mcp-catalog-ls.1"]) expect(pages).toContain(page);
    const text = readFileSync(path.join(directory, "sbx-run.1"), "utf8");
    expect(text).toContain('.SH "NOTES AND EXAMPLES"');
    expect(text).toContain("\\-\\-publish");
    // Lines that begin with a dot are requests, and these are all that there are.
    const requests = new Set(pages.flatMap((page) => [...readFileSync(path.join(directory, page), "utf8").matchAll(/^[.'](\S*)/gm)].map(([, request]) => request)));
    expect(requests).toEqual(new Set(["TH", "SH", "B", "TP", "nf", "fi"]));
    if (hasGroff()) expect(execFileSync("groff", ["-man", "-Tutf8", "-ww", path.join(directory, "sbx-cp.1")], { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" })).toContain("Copy files");
  });
});

function hasGroff(): boolean {
  try {
    execFileSync("groff", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
