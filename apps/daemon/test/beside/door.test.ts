import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { ExecProcess, ExecSpec } from "@sbx/core";
import { afterEach, beforeEach, describe, it } from "vitest";
import { openDoor } from "../../src/beside/door.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "sbx-door-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

interface Doorway extends AsyncDisposable {
  readonly socketPath: string;
  readonly started: ExecSpec[];
  readonly detached: () => number;
  readonly faults: unknown[];
}

/** A door whose relay says what it is told in capitals, at its end. */
async function open({ isOwn = () => true, fails = false }: { readonly isOwn?: (socket: Socket) => boolean; readonly fails?: boolean } = {}): Promise<Doorway> {
  const started: ExecSpec[] = [];
  const faults: unknown[] = [];
  let detached = 0;
  const exec = async (_container: string, spec: ExecSpec): Promise<ExecProcess> => {
    started.push(spec);
    if (fails) throw new Error("no engine");
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const exit = text(stdin).then((said) => {
      stdout.end(said.toUpperCase());
      stderr.end();
      return 0;
    });
    return Promise.resolve({ stdin, stdout, stderr, exit, resize: async () => Promise.resolve(), detach: () => void (detached += 1) });
  };
  const socketPath = path.join(directory, "sock");
  const door = await openDoor({ socketPath, engine: { exec }, container: "c", target: "/state/sbxd.sock", user: "7:8", isOwn, onFault: (error) => faults.push(error) });
  return { socketPath, started, detached: () => detached, faults, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

describe("the door to a daemon beside its engine", () => {
  it("passes both directions on, each to its own end, by a program that the engine starts as the daemon's user", async ({ expect }) => {
    await using door = await open();
    expect(statSync(door.socketPath).mode & 0o777).toBe(0o600);
    const socket = connect({ path: door.socketPath, allowHalfOpen: true });
    socket.end("hello");
    expect(await text(socket)).toBe("HELLO");
    expect(door.started).toMatchObject([{ command: ["nc", "-N", "-U", "/state/sbxd.sock"], user: "7:8", tty: false, stdin: true, env: {} }]);
  });

  it("starts nothing for another user's process, however it asks", async ({ expect }) => {
    await using door = await open({ isOwn: () => false });
    const socket = connect(door.socketPath).on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await closed(socket);
    expect(door.started).toEqual([]);
  });

  it("starts nothing for who only looks whether somebody listens", async ({ expect }) => {
    await using door = await open();
    for (let at = 0; at < 20; at += 1) {
      const socket = connect(door.socketPath);
      await once(socket, "connect");
      socket.end();
      await once(socket.resume(), "close");
    }
    expect(door.started).toEqual([]);
  });

  it("closes on its caller when the engine starts nothing, and goes on for others", async ({ expect }) => {
    await using door = await open({ fails: true });
    for (const count of [1, 2]) {
      const socket = connect(door.socketPath).on("error", () => undefined);
      socket.write("x");
      await closed(socket);
      expect(door.faults).toHaveLength(count);
    }
  });

  it("leaves the program alone when its caller goes, and takes everything with it at its end", async ({ expect }) => {
    const door = await open();
    const first = connect(door.socketPath);
    first.write("x");
    await until(() => door.started.length === 1);
    first.destroy();
    await until(() => door.detached() === 1);
    const second = connect(door.socketPath).on("error", () => undefined);
    second.write("x");
    await until(() => door.started.length === 2);
    await door[Symbol.asyncDispose]();
    await until(() => door.detached() === 2);
    expect(existsSync(door.socketPath)).toBe(false);
  });
});

/** However it ends: `once` would reject where it breaks. */
async function closed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once("close", () => {
      resolve();
    });
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
