import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { spawn, type IPty } from "@lydell/node-pty";
import { decodeSize } from "@sbx/contracts";
import { describe, it } from "vitest";
import { aSession } from "../support/builders.ts";
import { daemonWithSession, peerOf, type SessionPeer } from "../support/fake-session.ts";
import { startSocketDaemon } from "../support/socket-daemon.ts";

const BIN = fileURLToPath(new URL("../../bin/sbx.mjs", import.meta.url));

interface Screen {
  readonly pty: IPty;
  readonly text: () => string;
  readonly until: (what: RegExp | (() => boolean)) => Promise<void>;
}

/** A shell at a real terminal that runs sbx and then says how the terminal is. */
function openScreen(state: string, line: string): Screen {
  const pty = spawn("/bin/sh", ["-c", `"${process.execPath}" "${BIN}" ${line}; echo "code=$?"; stty -a; echo done.`], {
    cols: 90,
    rows: 30,
    env: { PATH: process.env["PATH"], HOME: state, SBX_STATE_DIR: state, TERM: "xterm-256color" },
  });
  let text = "";
  pty.onData((data) => {
    text += data;
  });
  return {
    pty,
    text: () => text,
    until: async (what) => {
      const end = Date.now() + 10_000;
      while (!(typeof what === "function" ? what() : what.test(text))) {
        if (Date.now() > end) throw new Error(`not seen: ${String(what)} in ${JSON.stringify(text)}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 10);
        });
      }
    },
  };
}

const COOKED = /[^-]icanon.*[^-]echo /s;

describe("sbx at a real terminal", () => {
  it("passes keys and sizes, and gives the terminal back cooked after detaching", async ({ expect }) => {
    const state = mkdtempSync(path.join(tmpdir(), "sbx-pty-"));
    const peers: SessionPeer[] = [];
    const { handlers = {} } = daemonWithSession({ mode: "terminal" });
    await using _daemon = await startSocketDaemon(state, {
      handlers: { ...handlers, inspectSession: () => Promise.resolve(aSession({ mode: "terminal" })) },
      onAttach: (stream) => {
        peers.push(peerOf(stream));
      },
    });
    const screen = openScreen(state, "run -w / shell");
    await screen.until(() => peers[0]?.frames.some(({ type }) => type === "resize") === true);
    const [peer] = peers;
    peer?.say("stdout", "\u001B[?1049hwelcome");
    await screen.until(/welcome/);
    screen.pty.write("q\u0003\r");
    screen.pty.resize(120, 40);
    await screen.until(() => peer?.typed() === "q\u0003\r" && peer.frames.filter(({ type }) => type === "resize").length > 1);
    expect(peer?.frames.filter(({ type }) => type === "resize").map(({ payload }) => decodeSize(payload))).toEqual([
      { columns: 90, rows: 30 },
      { columns: 120, rows: 40 },
    ]);
    screen.pty.write("\u0010\u0011");
    await screen.until(/done\./);
    expect(screen.text()).toContain("code=0");
    expect(screen.text()).toContain("\u001B[?1049l");
    expect(screen.text()).toMatch(COOKED);
    expect(peer?.typed()).toBe("q\u0003\r");
  });

  it("gives the agent's code and a cooked terminal, over a break of the connection", async ({ expect }) => {
    const state = mkdtempSync(path.join(tmpdir(), "sbx-pty-"));
    const peers: SessionPeer[] = [];
    const { handlers = {} } = daemonWithSession({ mode: "terminal" });
    await using daemon = await startSocketDaemon(state, {
      handlers: { ...handlers, inspectSession: () => Promise.resolve(aSession({ mode: "terminal" })) },
      onAttach: (stream) => {
        peers.push(peerOf(stream));
      },
    });
    const screen = openScreen(state, "run -w / shell");
    await screen.until(() => peers[0]?.frames.some(({ type }) => type === "resize") === true);
    daemon.breakAll();
    await screen.until(() => peers[1]?.frames.some(({ type }) => type === "resize") === true);
    screen.pty.write("still here");
    await screen.until(() => peers[1]?.typed() === "still here");
    peers[1]?.exit(42);
    await screen.until(/done\./);
    expect(screen.text()).toContain("code=42");
    expect(screen.text()).toMatch(COOKED);
  });

  it("does not show a secret that is typed", async ({ expect }) => {
    const state = mkdtempSync(path.join(tmpdir(), "sbx-pty-"));
    const kept: unknown[] = [];
    await using _daemon = await startSocketDaemon(state, {
      handlers: {
        setSecret: (input) => {
          kept.push(input);
          return Promise.resolve({ done: true });
        },
      },
    });
    const screen = openScreen(state, "secret set anthropic");
    await screen.until(/not shown/);
    screen.pty.write("sk-hidden-1\r");
    await screen.until(/done\./);
    expect(kept).toEqual([{ name: "anthropic", value: "sk-hidden-1" }]);
    expect(screen.text()).not.toContain("sk-hidden");
    expect(screen.text()).toMatch(COOKED);
  });
});
