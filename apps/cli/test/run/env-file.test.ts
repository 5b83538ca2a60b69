import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, it } from "vitest";
import { envLines, readEnvFiles } from "../../src/run/env-file.ts";
import { daemonWithSession } from "../support/fake-session.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

describe("an environment file", () => {
  it("has a variable a line, comments and empty lines; nothing is unquoted", ({ expect }) => {
    expect(envLines("f", '# a comment\n\nA=1\r\nB=x y # z\nC="q"\nD\n  E=\n')).toEqual(["A=1", "B=x y # z", 'C="q"', "D", "E="]);
  });

  it("gives back any value, and never shows one when it is refused", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/[\r\n]/.test(text)),
        (value) => {
          expect(envLines("f", `KEY=${value}`)).toEqual([`KEY=${value}`]);
        },
      ),
    );
    expect(() => envLines("f", "A=1\nexport TOKEN=hunter2")).toThrow(expect.objectContaining({ code: "USAGE", message: 'Line 2 of "f" is no KEY=VALUE' }));
  });

  it("says which file cannot be read", async ({ expect }) => {
    await expect(readEnvFiles(["no-such"], { cwd: "/tmp", home: "/root" })).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining("no-such") as unknown });
  });

  it("comes before -e, in run, create and exec", async ({ expect }) => {
    const directory = mkdtempSync(path.join(tmpdir(), "sbx-env-"));
    writeFileSync(path.join(directory, "env"), "A=file\nB=file\nFROM_HERE\n");
    for (const [line, call] of [
      [["run", "-q", "-T", "--env-file", "env", "-e", "B=option", "shell"], "openSession"],
      [["create", "-q", "--env-file", "env", "-e", "B=option", "shell"], "createSandbox"],
      [["exec", "--env-file", "env", "-e", "B=option", "shell-app", "true"], "openSession"],
    ] as const) {
      const { daemon } = await runLine(line, { cwd: directory, env: { FROM_HERE: "here" }, daemon: createFakeDaemon(daemonWithSession()) });
      expect(daemon.calls.find(({ name }) => name === call)?.input).toMatchObject({ env: { A: "file", B: "option", FROM_HERE: "here" } });
    }
  });
});
