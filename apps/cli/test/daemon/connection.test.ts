import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError, SessionId } from "@sbx/contracts";
import { createConnection, SessionDrive } from "@sbx/core/client";
import { describe, it } from "vitest";
import { anEvent } from "../support/builders.ts";
import { peerOf } from "../support/fake-session.ts";
import { startSocketDaemon } from "../support/socket-daemon.ts";

const aState = (): string => mkdtempSync(path.join(tmpdir(), "sbx-conn-"));
const never = new AbortController().signal;

describe("the connection to the daemon", () => {
  it("carries calls, their inputs and the daemon's own errors", async ({ expect }) => {
    await using daemon = await startSocketDaemon(aState(), {
      handlers: {
        addRule: ({ effect, to, note }) => Promise.resolve({ id: "r1", effect, to, layer: "user", ...(note === undefined ? {} : { note }) }),
        removeRule: ({ rule }) => Promise.reject(new AppError("RULE_UNKNOWN", { message: `no ${rule}`, fix: "list them", details: { at: 1 } })),
      },
    });
    const { client } = createConnection(daemon.socket);
    expect(await client.addRule({ effect: "deny", to: "ü.example.org", note: "a\nb" })).toMatchObject({ to: "ü.example.org", note: "a\nb" });
    await expect(client.removeRule({ rule: "a/b?c" })).rejects.toMatchObject({ code: "RULE_UNKNOWN", message: "no a/b?c", fix: "list them", details: { at: 1 } });
  });

  it("refuses an answer that is not what the contract says", async ({ expect }) => {
    await using daemon = await startSocketDaemon(aState(), { handlers: { listAgents: () => Promise.resolve([{ name: 1 }] as never) } });
    await expect(createConnection(daemon.socket).client.listAgents({})).rejects.toThrow();
  });

  it("says that nobody is there", async ({ expect }) => {
    await expect(createConnection(path.join(aState(), "none.sock")).client.status({})).rejects.toMatchObject({ code: "DAEMON_UNREACHABLE" });
  });

  it("gives a call up at the signal", async ({ expect }) => {
    await using daemon = await startSocketDaemon(aState(), { handlers: { status: () => new Promise(() => {}) } });
    await expect(createConnection(daemon.socket).client.status({}, AbortSignal.timeout(20))).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  it("reads events that arrive in pieces, and ends at the signal", async ({ expect }) => {
    const events = [anEvent({ id: 7 }), anEvent({ id: 8, fields: { to: "ü.example.org" } })];
    await using daemon = await startSocketDaemon(aState(), { events });
    const stop = new AbortController();
    const seen: unknown[] = [];
    for await (const event of await createConnection(daemon.socket).events({ after: 6 }, stop.signal)) {
      seen.push(event);
      if (seen.length === 2) stop.abort();
    }
    expect(seen).toEqual(events);
  });

  it("attaches both ways with megabytes in each direction", async ({ expect }) => {
    const big = "x".repeat(3_000_000);
    await using daemon = await startSocketDaemon(aState(), {
      onAttach: (stream) => {
        const peer = peerOf(stream);
        for (let at = 0; at < big.length; at += 60_000) peer.say("stdout", big.slice(at, at + 60_000));
        peer.exit(3);
      },
    });
    const { PassThrough } = await import("node:stream");
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let bytes = 0;
    stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
    });
    const drive = new SessionDrive(await createConnection(daemon.socket).attach(SessionId.parse("ses_00000001"), never), { stdout, stderr });
    expect(await drive.end).toEqual({ kind: "exit", code: 3 });
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    expect(bytes).toBe(big.length);
  });
});
