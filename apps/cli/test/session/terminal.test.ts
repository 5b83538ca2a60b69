import { setTimeout as sleep } from "node:timers/promises";
import { AppError, decodeSize, encodeFrame, type Frame } from "@sbx/contracts";
import { describe, it } from "vitest";
import { aSession, ended } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { daemonWithSession, peerOf, type SessionPeer } from "../support/fake-session.ts";
import { runLine, startLine, type Line } from "../support/run-line.ts";

/** `sbx run claude` at a terminal, up to the moment in which the session is attached. */
async function atTerminal(
  argv: readonly string[] = ["run", "claude"],
  options: Parameters<typeof daemonWithSession>[0] = {},
): Promise<{ readonly line: Line; readonly io: ReturnType<typeof createFakeIo>; readonly peer: SessionPeer }> {
  const io = createFakeIo({ terminal: true });
  const peers: SessionPeer[] = [];
  const line = startLine(argv, {
    io,
    daemon: createFakeDaemon(
      daemonWithSession({
        mode: "terminal",
        ...options,
        act: (peer) => {
          peers.push(peer);
        },
      }),
    ),
  });
  while (peers[0] === undefined || io.rawChanges.length === 0) await sleep(1);
  return { line, io, peer: peers[0] };
}

const sizes = (frames: readonly Frame[]): unknown[] => frames.filter(({ type }) => type === "resize").map(({ payload }) => decodeSize(payload));

describe("a session at a terminal", () => {
  it("asks for a terminal of the same size and kind", async ({ expect }) => {
    const { line, peer } = await atTerminal();
    peer.exit(3);
    expect(await line.code).toBe(3);
    expect(line.daemon.calls.find(({ name }) => name === "openSession")?.input).toMatchObject({ mode: "terminal", terminal: { size: { columns: 80, rows: 24 }, term: "xterm-256color" } });
  });

  it("passes every key as a byte, Ctrl-C too, and each change of size", async ({ expect }) => {
    const { line, io, peer } = await atTerminal();
    io.input.write(Buffer.from("ls\r\u0003\u0004ü"));
    io.resizeTo(132, 50);
    await sleep(5);
    peer.exit(0);
    await line.code;
    expect(peer.typed()).toBe("ls\r\u0003\u0004ü");
    expect(sizes(peer.frames)).toEqual([
      { columns: 80, rows: 24 },
      { columns: 132, rows: 50 },
    ]);
  });

  it("leaves at the detach keys, which the agent never sees, and gives the terminal back as it was", async ({ expect }) => {
    const { line, io, peer } = await atTerminal();
    peer.say("stdout", "\u001B[?1049h\u001B[?25l\u001B[?1000;1006hhello");
    await sleep(5);
    io.input.write(Buffer.from("a\u0010b\u0010"));
    io.input.write(Buffer.from("\u0011never"));
    expect(await line.code).toBe(0);
    expect(peer.typed()).toBe("a\u0010b");
    expect(io.rawChanges).toEqual([true, false]);
    expect(io.output()).toBe("\u001B[?1049h\u001B[?25l\u001B[?1000;1006hhello\u001B[?1049l\u001B[?25h\u001B[?1000l\u001B[?1006l\u001B[0m");
    expect(io.errors()).toContain("Come back with: sbx attach shell-app");
  });

  it("takes other detach keys", async ({ expect }) => {
    const { line, io, peer } = await atTerminal(["run", "--detach-keys", "ctrl-],d", "claude"]);
    io.input.write(Buffer.from("\u0010\u0011x\u001Dd"));
    expect(await line.code).toBe(0);
    expect(peer.typed()).toBe("\u0010\u0011x");
  });

  it("writes nothing of its own to a terminal that the agent tidied up", async ({ expect }) => {
    const { line, io, peer } = await atTerminal();
    peer.say("stdout", "\u001B[?1049h\u001B[?25l");
    peer.say("stdout", "bye\u001B[?25h\u001B[?10");
    peer.say("stdout", "49l");
    peer.exit(0);
    await line.code;
    expect(io.output()).toBe("\u001B[?1049h\u001B[?25lbye\u001B[?25h\u001B[?1049l");
  });

  it("cooks the terminal and ends with 143 at SIGTERM; the session goes on", async ({ expect }) => {
    const { line, io } = await atTerminal();
    line.signal("SIGTERM");
    expect(await line.code).toBe(143);
    expect(io.rawChanges).toEqual([true, false]);
    expect(line.daemon.calls.map(({ name }) => name)).not.toContain("endSession");
  });

  it("joins again when the daemon died and came back", async ({ expect }) => {
    const peers: SessionPeer[] = [];
    const io = createFakeIo({ terminal: true });
    const options = daemonWithSession({
      mode: "terminal",
      act: (peer) => {
        peers.push(peer);
      },
    });
    const daemon = createFakeDaemon({ ...options, handlers: { ...options.handlers, inspectSession: () => Promise.resolve(aSession({ mode: "terminal" })) } });
    const line = startLine(["run", "claude"], { io, daemon });
    while (peers.length < 1) await sleep(1);
    daemon.attached[0]?.destroy();
    while (peers.length < 2) await sleep(1);
    peers[1]?.exit(5);
    expect(await line.code).toBe(5);
    expect(io.rawChanges).toEqual([true, false, true, false]);
    expect(io.errors()).toContain("waiting for it");
  });

  it("says how to come back when the daemon stays away, and ends with 125", async ({ expect }) => {
    const peers: SessionPeer[] = [];
    const io = createFakeIo({ terminal: true });
    const daemon = createFakeDaemon(
      daemonWithSession({
        mode: "terminal",
        act: (peer) => {
          peers.push(peer);
        },
      }),
    );
    let [clock, gone] = [0, false];
    const failing = {
      ...daemon,
      connect: async () => {
        clock += 5000;
        return gone ? await Promise.reject(new AppError("DAEMON_UNREACHABLE", { message: "gone", fix: "none" })) : await daemon.connect();
      },
    };
    const line = startLine(["run", "claude"], { io, daemon: failing, now: () => clock });
    while (peers.length < 1) await sleep(1);
    gone = true;
    daemon.attached[0]?.destroy();
    expect(await line.code).toBe(125);
    expect(io.errors()).toContain("sbx attach shell-app");
    expect(io.rawChanges.at(-1)).toBe(false);
  });
});

describe("a session that ended before it could be joined", () => {
  it("prints what it said and gives its code", async ({ expect }) => {
    const options = daemonWithSession({ exitCode: 6 });
    const problem = new AppError("SESSION_NOT_FOUND", { message: "The session has ended", fix: "none" });
    const daemon = createFakeDaemon({
      handlers: { ...options.handlers, sessionLogs: () => Promise.resolve({ text: "was here\n" }) },
      onAttach: (stream) => {
        stream.end(encodeFrame("problem", Buffer.from(JSON.stringify(problem))));
      },
    });
    const { code, out } = await runLine(["run", "shell", "true"], { daemon });
    expect({ code, out }).toEqual({ code: 6, out: "was here\n" });
  });
});

describe("a session without a terminal whose daemon died", () => {
  it("waits for the session's end and gives its code", async ({ expect }) => {
    const answers = [aSession(), aSession(), aSession({ state: ended(9) })];
    const options = daemonWithSession();
    const daemon = createFakeDaemon({
      handlers: { ...options.handlers, inspectSession: () => Promise.resolve(answers.shift() ?? aSession({ state: ended(9) })) },
      onAttach: (stream) => {
        peerOf(stream).say("stdout", "half");
        setTimeout(() => stream.destroy(), 5);
      },
    });
    const { code, out } = await runLine(["run", "shell", "make"], { daemon });
    expect({ code, out, attached: daemon.attached.length }).toEqual({ code: 9, out: "half", attached: 1 });
  });

  it("is not fooled by a stream that breaks in the middle of a frame", async ({ expect }) => {
    const options = daemonWithSession({ exitCode: 4 });
    const daemon = createFakeDaemon({
      ...options,
      onAttach: (stream) => {
        stream.end(encodeFrame("stdout", Buffer.from("whole")).subarray(0, 7));
      },
    });
    const { code, out } = await runLine(["run", "shell", "make"], { daemon });
    expect({ code, out }).toEqual({ code: 4, out: "" });
  });

  it("does not take what is no frame for output or an exit", async ({ expect }) => {
    const options = daemonWithSession({ exitCode: 4 });
    const daemon = createFakeDaemon({
      ...options,
      onAttach: (stream) => {
        stream.end(Buffer.from("HTTP/1.1 200 OK\r\n\r\n"));
      },
    });
    const { code, out } = await runLine(["run", "shell", "make"], { daemon });
    expect({ code, out }).toEqual({ code: 4, out: "" });
  });
});
