import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { hello } from "./hello.ts";
import { readAll, startPod, startUpstream } from "./pod.ts";

const LOOPBACK = { "db.test": ["127.0.0.1"] };

describe("a connection to any other port", () => {
  it("passes bytes and ends both ways, and is recorded with its sizes", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.write("banner\n");
      socket.pipe(socket);
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const socket = await pod.dial("db.test", upstream.port);
    socket.end("hello");
    expect(await readAll(socket)).toEqual({ text: "banner\nhello", reset: false });
    await pod.idle();
    expect(pod.events).toEqual([
      { type: "egress.allowed", pod: "sbx_test0001", fields: { to: "db.test", port: upstream.port, rule: "r0", reason: expect.stringContaining("allowed by rule r0"), bytesIn: 12, bytesOut: 5 } },
    ]);
    expect(pod.faults).toEqual([]);
  });

  it("does not hold up a server that speaks first", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.write("220 ready\r\n");
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const socket = await pod.dial("db.test", upstream.port);
    const [first] = (await once(socket, "data")) as [Buffer];
    expect(first.toString()).toBe("220 ready\r\n");
    socket.destroy();
  });

  it("keeps half-open connections open in the other direction", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.once("end", () => {
        setTimeout(() => socket.end("late answer"), 50);
      });
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const socket = await pod.dial("db.test", upstream.port);
    socket.end("question");
    expect(await readAll(socket)).toEqual({ text: "late answer", reset: false });
    expect(upstream.received()).toBe("question");
  });

  it("keeps a client's direction open after the server ended its own", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.end("bye");
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const socket = await pod.dial("db.test", upstream.port);
    socket.resume();
    await once(socket, "end");
    socket.end("still speaking");
    await pod.idle();
    expect(upstream.received()).toBe("still speaking");
  });

  it("passes a reset on as a reset, both ways", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const first = await pod.dial("db.test", upstream.port);
    first.write("x");
    expect((await readAll(first)).reset).toBe(true);

    await using patient = await startUpstream();
    pod.setRules([`db.test:${patient.port}`, "127.0.0.1"]);
    const second = await pod.dial("db.test", patient.port);
    second.write("x");
    while (patient.received() !== "x") await sleep(5);
    const [server] = patient.connections;
    const broken =
      server === undefined
        ? Promise.reject(new Error("no connection"))
        : new Promise((resolve) => {
            server.once("close", resolve);
          });
    second.resetAndDestroy();
    expect(await broken).toBe(true);
  });

  it("refuses quickly when the upstream does, and says that it failed", async ({ expect }) => {
    const upstream = await startUpstream();
    const { port } = upstream;
    await upstream[Symbol.asyncDispose]();
    await using pod = startPod({ rules: [`db.test:${port}`, "127.0.0.1"], addresses: LOOPBACK });
    const before = performance.now();
    expect((await readAll(await pod.dial("db.test", port))).reset).toBe(true);
    expect(performance.now() - before).toBeLessThan(10_000);
    await pod.idle();
    expect(pod.events).toEqual([{ type: "egress.failed", pod: "sbx_test0001", fields: expect.objectContaining({ to: "db.test", port, reason: "127.0.0.1 did not answer (ECONNREFUSED)" }) }]);
  });

  it("tries the next address when one does not answer", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.end("here");
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1", "127.0.0.2"], addresses: { "db.test": ["127.0.0.2", "127.0.0.1"] } });
    const socket = await pod.dial("db.test", upstream.port);
    socket.end();
    expect(await readAll(socket)).toEqual({ text: "here", reset: false });
  });

  it("denies another port, another name and every address by default, with a reset and an event", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: ["db.test:5432", "127.0.0.1:1"], addresses: { ...LOOPBACK, "other.test": ["127.0.0.1"] } });
    for (const to of ["db.test", "other.test", "2130706433", "a b"]) expect((await readAll(await pod.dial(to, upstream.port))).reset).toBe(true);
    expect((await readAll(await pod.dial({ kind: "address", address: "127.0.0.1" }, upstream.port))).reset).toBe(true);
    await pod.idle();
    expect(upstream.connections).toEqual([]);
    expect(pod.events.map(({ type }) => type)).toEqual(Array.from({ length: 5 }, () => "egress.denied"));
    expect(pod.events[0]?.fields).toEqual({
      to: "db.test",
      port: upstream.port,
      rule: null,
      reason: expect.stringContaining("no rule allows"),
      fix: `sbx policy allow db.test:${upstream.port} --sandbox sbx_test0001`,
    });
  });

  it("passes nothing of a TLS client that asks for another name, also where TLS is not required", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.write("hi");
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const wrong = await pod.dial("db.test", upstream.port);
    wrong.write(hello("evil.test"));
    expect((await readAll(wrong)).reset).toBe(true);
    expect(upstream.received()).toBe("");
    for (const bytes of [hello("db.test"), hello(), Buffer.from([0x16, 0x19, 1, 2])]) {
      const right = await pod.dial("db.test", upstream.port);
      right.end(bytes);
      await sleep(50);
      expect(upstream.received().endsWith(bytes.toString("latin1"))).toBe(true);
      right.destroy();
    }
    expect(pod.events.filter(({ type }) => type === "egress.denied")).toHaveLength(1);
  });

  it("lets nothing out of a hello that never becomes whole", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK, limits: { headMs: 100 } });
    const socket = await pod.dial("db.test", upstream.port);
    socket.write(hello("db.test").subarray(0, 30));
    expect((await readAll(socket)).reset).toBe(true);
    expect(upstream.received()).toBe("");
  });

  it("carries megabytes unharmed to a client that reads slowly, without keeping them in memory", async ({ expect }) => {
    const payload = randomBytes(24 * 1024 * 1024);
    await using upstream = await startUpstream((socket) => {
      socket.end(payload);
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const socket = await pod.dial("db.test", upstream.port);
    socket.pause();
    await sleep(300);
    const sent = upstream.connections[0]?.bytesWritten ?? 0;
    const waiting = upstream.connections[0]?.writableLength ?? 0;
    expect(waiting).toBeGreaterThan(8 * 1024 * 1024);
    expect(sent).toBeGreaterThan(0);
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
    expect(size).toBe(payload.length);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(payload).digest("hex"));
  });

  it("carries megabytes unharmed from a client to a server that reads slowly", async ({ expect }) => {
    const payload = randomBytes(16 * 1024 * 1024);
    const hash = createHash("sha256");
    let size = 0;
    await using upstream = await startUpstream((socket) => {
      socket.removeAllListeners("data");
      socket.pause();
      setTimeout(() => {
        socket.on("data", (chunk) => {
          hash.update(chunk);
          size += chunk.length;
        });
        socket.once("end", () => socket.end("done"));
        socket.resume();
      }, 200);
    });
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK });
    const socket = await pod.dial("db.test", upstream.port);
    socket.end(payload);
    expect(await readAll(socket)).toEqual({ text: "done", reset: false });
    expect(size).toBe(payload.length);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(payload).digest("hex"));
  });

  it("ends everything when the pod goes, and silence when it lasts too long", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: [`db.test:${upstream.port}`, "127.0.0.1"], addresses: LOOPBACK, limits: { idleMs: 100 } });
    const silent = await pod.dial("db.test", upstream.port);
    expect((await readAll(silent)).reset).toBe(true);
    const cut = await pod.dial("db.test", upstream.port);
    const end = readAll(cut);
    pod.abort.abort();
    expect((await end).reset).toBe(true);
    await pod.idle();
    expect(pod.faults).toEqual([]);
  });

  it("reaches a service on the host's loopback by a rule of its port only", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.end("host service");
    });
    await using pod = startPod({ rules: [`host.docker.internal:${upstream.port}`, "**"] });
    const socket = await pod.dial("host.docker.internal", upstream.port);
    socket.end();
    expect((await readAll(socket)).text).toBe("host service");
    pod.setRules(["**", "0.0.0.0/0", "*.docker.internal"]);
    expect((await readAll(await pod.dial("host.docker.internal", upstream.port))).reset).toBe(true);
    expect(upstream.connections).toHaveLength(1);
  });
});

describe("addresses behind an allowed name", () => {
  it.for(["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "fe80::1", "203.0.113.9", "127.1", "evil.test"])(
    "are not dialled when they are %s",
    async (address, { expect }) => {
      await using upstream = await startUpstream();
      const dialled: unknown[] = [];
      await using pod = startPod({
        rules: ["db.test", "**", "0.0.0.0/0", "8.0.0.0/8"],
        addresses: { "db.test": [address] },
        connect: (target) => {
          dialled.push(target);
          throw new Error("dialled");
        },
      });
      expect((await readAll(await pod.dial("db.test", upstream.port))).reset).toBe(true);
      await pod.idle();
      expect(dialled).toEqual([]);
      expect(upstream.connections).toEqual([]);
      expect(pod.events[0]?.type).toBe("egress.denied");
      expect(pod.events[0]?.fields["reason"]).toContain("no rule names it");
    },
  );

  it("are resolved once, and only the vetted one is dialled", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.end("ok");
    });
    let asked = 0;
    const dialled: unknown[] = [];
    await using pod = startPod({
      rules: [`db.test:${upstream.port}`, "127.0.0.1"],
      resolve: () => Promise.resolve(asked++ === 0 ? ["10.9.9.9", "127.0.0.1"] : ["10.9.9.9"]),
      connect: (target) => {
        dialled.push(target.host);
        return connectTo(target);
      },
    });
    const socket = await pod.dial("db.test", upstream.port);
    socket.end();
    expect((await readAll(socket)).text).toBe("ok");
    expect(asked).toBe(1);
    expect(dialled).toEqual(["127.0.0.1"]);
  });

  it("are given up when the connection leads to another one", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.end("wrong host");
    });
    await using pod = startPod({
      rules: [`db.test:${upstream.port}`, "127.0.0.1", "127.0.0.5"],
      addresses: { "db.test": ["127.0.0.5"] },
      connect: (target) => connectTo({ ...target, host: "127.0.0.1" }),
    });
    expect((await readAll(await pod.dial("db.test", upstream.port))).text).toBe("");
    await pod.idle();
    expect(pod.events[0]?.fields["reason"]).toContain("EPEER");
    expect(upstream.received()).toBe("");
  });

  it("obey a deny of the address behind the name", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: ["**", "127.0.0.1", "deny 127.0.0.0/8"], addresses: LOOPBACK });
    expect((await readAll(await pod.dial("db.test", upstream.port))).reset).toBe(true);
    expect(upstream.connections).toEqual([]);
  });

  it("say the command that would name them", async ({ expect }) => {
    await using pod = startPod({ rules: ["db.test"], addresses: { "db.test": ["10.0.0.5"] }, scopeOf: () => "--sandbox my-box" });
    await readAll(await pod.dial("db.test", 5432));
    await pod.idle();
    expect(pod.events[0]?.fields).toMatchObject({ reason: "db.test resolves to 10.0.0.5, which is a private address, and no rule names it", fix: "sbx policy allow 10.0.0.5:5432 --sandbox my-box" });
  });
});

function connectTo(target: TcpNetConnectOpts): Socket {
  return connect(target);
}
