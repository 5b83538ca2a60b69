import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

describe("a wrong command line", () => {
  it("is exit code 2, names the near command and asks the daemon nothing", async ({ expect }) => {
    const { code, err, out, daemon } = await runLine(["rnu", "claude"]);
    expect({ code, out, calls: daemon.calls }).toEqual({ code: 2, out: "", calls: [] });
    expect(err).toContain("(Did you mean run?)");
  });

  it.for([
    ["run", "--nmae", "x", "shell"],
    ["policy", "alow", "x"],
    ["ls", "--jsn"],
    ["policy", "ls", "--jsn"],
  ])("suggests the near name: %j", async (line, { expect }) => {
    const { code, err } = await runLine(line);
    expect(code).toBe(2);
    expect(err).toContain("Did you mean");
  });

  it.for([
    ["run"],
    ["run", "--cpus", "many", "shell"],
    ["run", "-m", "4 apples", "shell"],
    ["run", "--deadline", "soon", "shell"],
    ["run", "--pids", "1", "shell"],
    ["run", "--allow-host-port", "0", "shell"],
    ["run", "--detach-keys", "ctrl-ä", "shell"],
    ["run", "--model", "x", "shell"],
    ["run", "-e", "1A=2", "shell"],
    ["run", "--name", "-", "shell"],
    ["run", "-w", "/", "shell", "."],
    ["exec", "x"],
    ["ls", "extra"],
  ])("refuses %j", async (line, { expect }) => {
    const { code, err, daemon } = await runLine(line);
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
    expect(err).toMatch(/^error: /);
  });
});

describe("errors", () => {
  const failing = (error: AppError) => createFakeDaemon({ handlers: { listSandboxes: () => Promise.reject(error) } });

  it("shows an expected failure as message, fix and code, without control characters, with exit code 125", async ({ expect }) => {
    const daemon = failing(new AppError("BUILD_FAILED", { message: 'no "x\u001B[2J"', fix: "mend it", details: { output: "one\n\u001B[31mtwo\r\n" } }));
    const { code, err } = await runLine(["ls"], { daemon });
    expect(code).toBe(125);
    expect(err).toMatchInlineSnapshot(`
      "error: no "x"
        | one
        | two
        fix: mend it
        code: BUILD_FAILED
      "
    `);
  });

  it("shows a bug with its stack and where to report it", async ({ expect }) => {
    const { code, err } = await runLine(["ls"], { daemon: { ...createFakeDaemon(), connect: () => Promise.reject(new TypeError("x is not a function")) } });
    expect(code).toBe(125);
    expect(err).toMatch(/^error: this is a bug in sbx\n {2}TypeError: x is not a function\n[^]*fix: report it at https:.* \(sbx 1\.2\.3, Node v/);
  });
});

describe("sbx without arguments", () => {
  it("names three commands to try", async ({ expect }) => {
    const { code, out } = await runLine([]);
    expect(code).toBe(0);
    expect(out.match(/^ {2}sbx /gm)).toHaveLength(3);
  });
});
