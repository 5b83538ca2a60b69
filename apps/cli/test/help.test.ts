import { describe, it } from "vitest";
import { runLine } from "./support/run-line.ts";

const COMMANDS = [
  "run",
  "create",
  "attach",
  "exec",
  "acp",
  "ls",
  "inspect",
  "logs",
  "stop",
  "start",
  "rm",
  "docker",
  "docker ps",
  "docker df",
  "docker prune",
  "docker images",
  "docker allow-image",
  "docker deny-image",
  "policy",
  "policy ls",
  "policy allow",
  "policy deny",
  "policy rm",
  "policy check",
  "policy why",
  "events",
  "secret",
  "secret set",
  "secret ls",
  "secret rm",
  "secret rotate",
  "secret bind",
  "secret unbind",
  "secret import",
  "agents",
  "agents ls",
  "agents show",
  "daemon",
  "daemon start",
  "daemon stop",
  "daemon status",
  "daemon logs",
  "doctor",
  "version",
];

describe("help", () => {
  it.for(COMMANDS)("of %s has a description, examples and exit code 0, and asks the daemon nothing", async (command, { expect }) => {
    const { code, out, err, daemon } = await runLine([...command.split(" "), "--help"]);
    expect({ code, err, calls: daemon.calls }).toEqual({ code: 0, err: "", calls: [] });
    expect(out).toContain("\nExamples:\n  $ sbx ");
    const description = /^Usage: .+\n\n(.+(?:\n.+)*)\n\n/.exec(out)?.[1] ?? "";
    expect(description).toMatch(/^[A-Z]/);
    expect(description).not.toMatch(/\.$/);
    expect(out).toMatchSnapshot();
  });

  it("of the program lists every command", async ({ expect }) => {
    const { out } = await runLine(["--help"]);
    for (const command of COMMANDS) expect(out).toContain(`\n  ${command.split(" ")[0] ?? ""}`);
    expect(out).toMatchSnapshot();
  });
});
