import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";
import { aSandbox } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { daemonWithSession } from "../support/fake-session.ts";
import { startLine } from "../support/run-line.ts";

let directory: string;
let before: string | undefined;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "sbx-open-"));
  for (const name of ["xdg-open", "open"]) {
    writeFileSync(path.join(directory, name), `#!/bin/sh\nprintf '%s\\n' "$#" "$@" >> ${directory}/opened.new && mv ${directory}/opened.new ${directory}/opened\n`);
    chmodSync(path.join(directory, name), 0o755);
  }
  before = process.env["PATH"];
  process.env["PATH"] = `${directory}:${before ?? ""}`;
});
afterEach(() => {
  process.env["PATH"] = before;
  rmSync(directory, { recursive: true, force: true });
});

const ASKED = "https://login.example.org/device?a=1&b=$(id)";

function opening(answer: string) {
  const io = createFakeIo({ terminal: true });
  const session = daemonWithSession({
    act: (peer) => {
      peer.say("stdout", `${ASKED}\n`);
      peer.exit(0);
    },
  });
  const daemon = createFakeDaemon({ ...session, handlers: { ...session.handlers, listSandboxes: () => Promise.resolve([aSandbox()]) } });
  const line = startLine(["open", "shell-app"], { io, daemon });
  io.input.end(answer);
  return line;
}

describe("opening what a sandbox asks for", () => {
  it("opens the address as one word after a yes", async ({ expect }) => {
    const line = opening("y\n");
    expect(await line.code).toBe(0);
    expect(line.io.output()).toContain("asks for login.example.org to be opened");
    await expect.poll(() => readFileSync(path.join(directory, "opened"), "utf8"), { timeout: 20_000 }).toBe(`1\n${new URL(ASKED).href}\n`);
  });

  it.for(["n\n", "\n", "yes please\n"])("opens nothing after %j", async (answer, { expect }) => {
    const line = opening(answer);
    expect(await line.code).toBe(2);
    expect(() => readFileSync(path.join(directory, "opened"))).toThrow();
  });
});
