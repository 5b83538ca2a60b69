import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import type { Context } from "../src/context.ts";
import { buildProgram } from "../src/program.ts";
import { createFakeDaemon } from "./support/fake-daemon.ts";
import { createFakeIo } from "./support/fake-io.ts";
import { runLine } from "./support/run-line.ts";

const DOCUMENTS = ["from-docker-mcp.md", "from-docker-sandboxes.md"].map((name) => readFileSync(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), "utf8"));

/** Lines of the tables below a heading: the command's words, and what the document says of it. */
function rows(heading: string): readonly { readonly line: string; readonly words: readonly string[]; readonly says: string }[] {
  const parts = DOCUMENTS.map((document) => document.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "").join("");
  return [...parts.matchAll(/^\| `([a-z][^`]+)` \| (.+) \|$/gm)].map(([, line = "", says = ""]) => ({ line, words: line.split(" "), says }));
}

type Program = Awaited<ReturnType<typeof buildProgram>>;

function keepFromActing(command: Program, acted: string[]): void {
  if (command.commands.length === 0 || command.registeredArguments.length > 0)
    command.action(() => {
      acted.push(command.name());
    });
  for (const child of command.commands) keepFromActing(child, acted);
}

describe("the documents for those who come from Docker's tools", () => {
  it("has lines of both kinds", ({ expect }) => {
    expect(rows("The same").length).toBeGreaterThan(110);
    expect(rows("Refused, and what to do instead").length).toBeGreaterThan(60);
  });

  it.for(rows("The same"))("is right that sbx takes: $line", async ({ words }, { expect }) => {
    const io = createFakeIo();
    const context: Context = {
      io,
      env: {},
      cwd: "/tmp",
      home: "/home/someone",
      version: "1",
      daemon: createFakeDaemon(),
      onSignal: () => () => undefined,
      now: () => 0,
      sleep: async () => await Promise.resolve(),
    };
    const acted: string[] = [];
    const program = await buildProgram(context, () => undefined);
    keepFromActing(program, acted);
    await program.parseAsync([...words], { from: "user" });
    expect(acted).toHaveLength(1);
  });

  it.for(rows("Refused, and what to do instead"))("is right that sbx refuses: $line", async ({ words, says }, { expect }) => {
    const { code, out, err, daemon } = await runLine(words);
    expect(code).not.toBe(0);
    expect(err).toContain(says);
    expect(err).toMatch(/\n {2}fix: \S/);
    expect({ out, calls: daemon.calls }).toEqual({ out: "", calls: [] });
  });
});
