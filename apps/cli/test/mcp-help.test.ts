import { describe, it } from "vitest";
import { createFakeDaemon } from "./support/fake-daemon.ts";
import { createFakeIo } from "./support/fake-io.ts";
import { runLine } from "./support/run-line.ts";
import type { Context } from "../src/context.ts";
import { buildProgram } from "../src/program.ts";

type Program = Awaited<ReturnType<typeof buildProgram>>;

/** Every command below `sbx mcp` that help shows, by its words. */
function commands(program: Program, words: readonly string[]): readonly string[] {
  const visible = program
    .createHelp()
    .visibleCommands(program)
    .filter((child) => child.name() !== "help");
  return [words.join(" "), ...visible.flatMap((child) => commands(child, [...words, child.name()]))];
}

const context: Context = {
  io: createFakeIo(),
  env: {},
  cwd: "/",
  home: "/",
  version: "1",
  daemon: createFakeDaemon(),
  onSignal: () => () => undefined,
  now: () => 0,
  sleep: async () => await Promise.resolve(),
};
const program = await buildProgram(context, () => undefined);
const mcp = program.commands.find((command) => command.name() === "mcp");
const COMMANDS = mcp === undefined ? [] : commands(mcp, ["mcp"]);

describe("help of MCP servers", () => {
  it("knows its commands", ({ expect }) => {
    expect(COMMANDS).toMatchSnapshot();
  });

  it.for(COMMANDS)("of %s has a description, examples and exit code 0, and asks the daemon nothing", async (command, { expect }) => {
    const { code, out, err, daemon } = await runLine([...command.split(" "), "--help"]);
    expect({ code, err, calls: daemon.calls }).toEqual({ code: 0, err: "", calls: [] });
    expect(out).toContain("\nExamples:\n");
    expect(/^Usage: .+\n\n(.+(?:\n.+)*)\n\n/.exec(out)?.[1]).toMatch(/^[A-Z].*[^.]$/s);
    expect(out).toMatchSnapshot();
  });
});
