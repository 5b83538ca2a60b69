import { spawn } from "node:child_process";
import { mkdtempSync, openSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Handlers } from "@sbx/contracts";
import { describe, it } from "vitest";
import { aSession } from "../support/builders.ts";
import { daemonWithSession, peerOf, type SessionPeer } from "../support/fake-session.ts";
import { startSocketDaemon, type SocketDaemon } from "../support/socket-daemon.ts";

const BIN = fileURLToPath(new URL("../../bin/sbx.mjs", import.meta.url));

interface World extends AsyncDisposable {
  readonly state: string;
  readonly daemon: SocketDaemon;
  /** What the session was opened with. */
  readonly opened: Parameters<Handlers["openSession"]>[0][];
}

async function aWorld(act: (peer: SessionPeer) => void): Promise<World> {
  const state = mkdtempSync(path.join(tmpdir(), "sbx-proc-"));
  const opened: Parameters<Handlers["openSession"]>[0][] = [];
  const { handlers = {} } = daemonWithSession();
  const daemon = await startSocketDaemon(state, {
    handlers: {
      ...handlers,
      openSession: (input) => {
        opened.push(input);
        return Promise.resolve(aSession());
      },
    },
    onAttach: (stream) => {
      act(peerOf(stream));
    },
  });
  return { state, daemon, opened, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

/** Run a shell line in which `sbx` is ours; gives its output and code, or fails when it does not end. */
async function shell(line: string, { state, stdin }: { readonly state: string; readonly stdin: "ignore" | "pipe" | number }): Promise<{ readonly out: string; readonly code: number | null }> {
  const child = spawn("/bin/bash", ["-c", `sbx() { "${process.execPath}" "${BIN}" "$@"; }; ${line}`], {
    stdio: [stdin, "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: state, SBX_STATE_DIR: state },
  });
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return { out, code };
}

describe("stdin of a headless run", () => {
  const untilEnd = (peer: SessionPeer): void => {
    const timer = setInterval(() => {
      if (!peer.frames.some(({ type }) => type === "stdin-end")) return;
      clearInterval(timer);
      peer.say("stdout", `got ${peer.typed()}`);
      peer.exit(0);
    }, 2);
  };

  it("is sent from a file and from a pipe", async ({ expect }) => {
    await using world = await aWorld(untilEnd);
    const file = path.join(world.state, "input");
    writeFileSync(file, "a file");
    expect(await shell("sbx run -w / shell cat", { state: world.state, stdin: openSync(file, "r") })).toEqual({ out: "got a file", code: 0 });
    expect(await shell("echo a pipe | sbx run -w / shell cat", { state: world.state, stdin: "ignore" })).toEqual({ out: "got a pipe\n", code: 0 });
    expect(world.opened.map(({ stdin }) => stdin)).toEqual([true, true]);
  });

  it("is not sent from /dev/null, nor when it is closed", async ({ expect }) => {
    await using world = await aWorld((peer) => {
      peer.exit(0);
    });
    expect((await shell("sbx run -w / shell cat", { state: world.state, stdin: "ignore" })).code).toBe(0);
    expect((await shell("sbx run -w / shell cat <&-", { state: world.state, stdin: "ignore" })).code).toBe(0);
    expect(world.opened.map(({ stdin }) => stdin)).toEqual([false, false]);
  });

  it("does not keep us when the session has ended and the pipe stays open", async ({ expect }) => {
    await using world = await aWorld((peer) => {
      peer.exit(3);
    });
    expect((await shell("sbx run -w / shell true", { state: world.state, stdin: "pipe" })).code).toBe(3);
  });

  it("is left to the loop around an exec", async ({ expect }) => {
    await using world = await aWorld((peer) => {
      peer.exit(0);
    });
    const { out } = await shell("printf 'a\\nb\\n' | while read -r line; do sbx exec shell-app true; echo $line; done", { state: world.state, stdin: "ignore" });
    expect(out).toBe("a\nb\n");
  });
});

describe("output of a headless run", () => {
  it("ends the session when nobody reads it any more", async ({ expect }) => {
    const signals: string[] = [];
    await using world = await aWorld((peer) => {
      const timer = setInterval(() => {
        peer.say("stdout", "y\n".repeat(1000));
        const signal = peer.frames.find(({ type }) => type === "signal");
        if (signal === undefined) return;
        signals.push(Buffer.from(signal.payload).toString());
        clearInterval(timer);
        peer.exit(141);
      }, 5);
    });
    expect(await shell("sbx run -w / shell yes | head -1; exit ${PIPESTATUS[0]}", { state: world.state, stdin: "ignore" })).toEqual({ out: "y\n", code: 141 });
    expect(signals).toEqual(["SIGPIPE"]);
  });

  it("arrives whole, a megabyte at the very end too", async ({ expect }) => {
    await using world = await aWorld((peer) => {
      for (let part = 0; part < 20; part += 1) peer.say("stdout", "x".repeat(50_000));
      peer.exit(7);
    });
    const { out, code } = await shell("sbx run -w / shell cat | (sleep 0.3; wc -c); exit ${PIPESTATUS[0]}", { state: world.state, stdin: "ignore" });
    expect({ out: out.trim(), code }).toEqual({ out: "1000000", code: 7 });
  });
});
