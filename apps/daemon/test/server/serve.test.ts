import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { startServer, type ServerParts } from "../../src/server/serve.ts";
import { openDatabase } from "../../src/state/database.ts";
import { createEventLog, type EventLog } from "../../src/state/event-log.ts";

interface Running extends AsyncDisposable {
  readonly socketPath: string;
  readonly events: EventLog;
  readonly faults: unknown[];
}

async function serve(parts: Partial<ServerParts> = {}): Promise<Running> {
  const scope = new AsyncDisposableStack();
  const directory = mkdtempSync(path.join(tmpdir(), "sbx-serve-"));
  scope.defer(() => {
    rmSync(directory, { recursive: true });
  });
  const { database } = openDatabase(path.join(directory, "sbx.db"), () => new Date());
  scope.use<DatabaseSync & Disposable>(database);
  const faults: unknown[] = [];
  const events = createEventLog({ database, now: () => new Date(), onFailure: (error) => faults.push(error) });
  const socketPath = path.join(directory, "d.sock");
  scope.use(
    await startServer({
      socketPath,
      events,
      dispatch: async ({ target }) => Promise.resolve({ status: 200, body: { target } }),
      gateway: () => undefined,
      attach: () => undefined,
      archive: ({ response }) => Promise.resolve(void response.end()),
      peerUid: () => 7,
      uid: 7,
      onFault: (error) => faults.push(error),
      ...parts,
    }),
  );
  return { socketPath, events, faults, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

/** Everything that comes back for raw bytes, until the server closes or half a second is over. */
async function raw(socketPath: string, ...bytes: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(socketPath);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  for (const one of bytes) socket.write(one);
  const timer = setTimeout(() => socket.destroy(), 500);
  const answer = await text(socket).catch(() => "");
  clearTimeout(timer);
  return answer;
}

async function isWell({ socketPath, faults }: Running): Promise<boolean> {
  return (await raw(socketPath, "GET /v1/status HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n")).includes('{"target":"/v1/status"}') && faults.length === 0;
}

describe("the daemon's socket", () => {
  it("is 0600", async ({ expect }) => {
    await using running = await serve();
    expect(statSync(running.socketPath).mode & 0o777).toBe(0o600);
  });

  it("says nothing to a process of another user, or of one that cannot be told", async ({ expect }) => {
    const asked: string[] = [];
    const dispatch: ServerParts["dispatch"] = async ({ target }) => {
      asked.push(target);
      return Promise.resolve({ status: 200, body: {} });
    };
    for (const peerUid of [
      () => 1234,
      () => undefined,
      () => {
        throw new Error("gone");
      },
    ]) {
      await using running = await serve({ dispatch, peerUid });
      expect(await raw(running.socketPath, "GET /v1/status HTTP/1.1\r\nhost: d\r\n\r\n")).toBe("");
    }
    expect(asked).toEqual([]);
  });

  const garbage: readonly (readonly [string, readonly (string | Buffer)[]])[] = [
    ["bytes that are no HTTP", [Buffer.from([0, 255, 1, 2, 10, 10])]],
    ["an address that is none", ["GET // HTTP/1.1\r\nhost: d\r\n\r\n"]],
    ["an address with half a bracket", ["GET http://[ HTTP/1.1\r\nhost: d\r\n\r\n"]],
    ["an upgrade to an address that is none", ["GET // HTTP/1.1\r\nhost: d\r\nconnection: upgrade\r\nupgrade: sbx-stream/1\r\n\r\n"]],
    ["an upgrade to another protocol", ["GET /v1/sessions/ses_aaaaaaaa/attach HTTP/1.1\r\nhost: d\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"]],
    ["a method that no route has", ["BREW /v1/status HTTP/1.1\r\nhost: d\r\n\r\n", "PATCH /v1/status HTTP/1.1\r\nhost: d\r\n\r\n"]],
    ["a body that is no JSON", ["POST /v1/sandboxes HTTP/1.1\r\nhost: d\r\ncontent-length: 5\r\n\r\n{half"]],
    ["a body of brackets", [`POST /v1/sandboxes HTTP/1.1\r\nhost: d\r\ncontent-length: ${1 << 20}\r\n\r\n`, "[".repeat(1 << 20)]],
    ["half a request line", ["GET /v1/st"]],
    ["half a body", ["POST /v1/sandboxes HTTP/1.1\r\nhost: d\r\ncontent-length: 500\r\n\r\n{"]],
    ["lengths that contradict each other", ["POST /v1/sandboxes HTTP/1.1\r\nhost: d\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"]],
    ["an event stream with a strange id", ["GET /v1/events HTTP/1.1\r\nhost: d\r\nlast-event-id: -1e999\r\n\r\n"]],
  ];
  for (const [what, bytes] of garbage) {
    it(`goes on serving after ${what}`, async ({ expect }) => {
      await using running = await serve();
      const answer = await raw(running.socketPath, ...bytes);
      expect(answer).not.toContain('"target"');
      expect(await isWell(running)).toBe(true);
    });
  }

  it("refuses a body that does not end, says so, and keeps none of it", async ({ expect }) => {
    await using running = await serve();
    const before = process.memoryUsage().rss;
    const outgoing = request({ socketPath: running.socketPath, method: "POST", path: "/v1/sandboxes" });
    outgoing.on("error", () => undefined);
    let sent = 0;
    const chunk = Buffer.alloc(1 << 20, "a");
    const feed = setInterval(() => {
      if (!outgoing.destroyed && !outgoing.writableNeedDrain) {
        outgoing.write(chunk);
        sent += chunk.byteLength;
      }
    }, 1);
    const [response] = await once(outgoing, "response");
    clearInterval(feed);
    const body = JSON.parse(await text(response));
    outgoing.destroy();
    expect(body).toMatchObject({ code: "CONFIG_INVALID" });
    expect(sent).toBeGreaterThan(4 << 20);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
    expect(await isWell(running)).toBe(true);
  });

  it("survives callers that reset their connections at any moment", async ({ expect }) => {
    await using running = await serve();
    for (let count = 0; count < 50; count += 1) {
      const socket = connect(running.socketPath);
      socket.on("error", () => undefined);
      await once(socket, "connect");
      socket.write(
        count % 2 === 0
          ? "POST /v1/sandboxes HTTP/1.1\r\nhost: d\r\ncontent-length: 500\r\n\r\n{"
          : "GET /v1/sessions/ses_aaaaaaaa/attach HTTP/1.1\r\nhost: d\r\nconnection: upgrade\r\nupgrade: sbx-stream/1\r\n\r\n",
      );
      socket.destroy();
    }
    await sleep(50);
    expect(await isWell(running)).toBe(true);
  });

  it("tells a handler that its caller went away", async ({ expect }) => {
    const aborted = Promise.withResolvers<unknown>();
    await using running = await serve({
      dispatch: async (_call, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted.resolve(signal.reason);
            reject(new Error("stopped"));
          });
        }),
    });
    const socket = connect(running.socketPath);
    await once(socket, "connect");
    socket.write("GET /v1/status HTTP/1.1\r\nhost: d\r\n\r\n");
    await sleep(50);
    socket.destroy();
    expect(await aborted.promise).toMatchObject({ code: "INTERRUPTED" });
  });

  it("ends at once though sessions are attached and events are followed", async ({ expect }) => {
    const running = await serve();
    const follower = connect(running.socketPath).on("error", () => undefined);
    follower.write("GET /v1/events HTTP/1.1\r\nhost: d\r\n\r\n");
    const attached = connect(running.socketPath).on("error", () => undefined);
    attached.write("GET /v1/sessions/ses_aaaaaaaa/attach HTTP/1.1\r\nhost: d\r\nconnection: upgrade\r\nupgrade: sbx-stream/1\r\n\r\n");
    await Promise.all([once(follower, "data"), once(attached, "data")]);
    const began = performance.now();
    await running[Symbol.asyncDispose]();
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe("the stream of events", () => {
  /** Open a stream and hand over what comes. */
  async function follow(socketPath: string, after: number | undefined): Promise<{ readonly socket: Socket; readonly ids: () => readonly number[] }> {
    const socket = connect(socketPath).on("error", () => undefined);
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("utf8");
    });
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: d\r\n${after === undefined ? "" : `last-event-id: ${after}\r\n`}\r\n`);
    await once(socket, "data");
    return { socket, ids: () => [...received.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)) };
  }

  const record = (events: EventLog, count: number): void => {
    for (let index = 0; index < count; index += 1) events.record({ type: "policy.changed", fields: { index } });
  };

  it("resumes after any id with every event once, also across many pages and while new ones come", async ({ expect }) => {
    await using running = await serve();
    record(running.events, 3000);
    const first = running.events.newest() - 2999;
    const { socket, ids } = await follow(running.socketPath, first + 499);
    for (let round = 0; round < 20; round += 1) {
      record(running.events, 50);
      await sleep(5);
    }
    while ((ids().at(-1) ?? 0) < running.events.newest()) await sleep(10);
    socket.destroy();
    expect(ids()).toEqual(Array.from({ length: 3500 }, (_, index) => first + 500 + index));
  });

  it("begins with what comes when no id is named", async ({ expect }) => {
    await using running = await serve();
    record(running.events, 10);
    const { socket, ids } = await follow(running.socketPath, undefined);
    record(running.events, 1);
    while (ids().length === 0) await sleep(5);
    socket.destroy();
    expect(ids()).toEqual([running.events.newest()]);
  });

  it("costs no memory for a reader that does not read", async ({ expect }) => {
    await using running = await serve();
    const socket = connect(running.socketPath).on("error", () => undefined);
    socket.write("GET /v1/events HTTP/1.1\r\nhost: d\r\n\r\n");
    await once(socket, "data");
    socket.pause();
    const fields = { text: "x".repeat(10_000) };
    const before = process.memoryUsage();
    for (let index = 0; index < 5000; index += 1) running.events.record({ type: "policy.changed", fields });
    await sleep(100);
    const after = process.memoryUsage();
    socket.destroy();
    // 50 MB were recorded.
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(25 << 20);
    expect(running.faults).toEqual([]);
  });
});
