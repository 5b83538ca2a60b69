import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, it } from "vitest";
import { FirstLine, type LineKind } from "../../src/wall/first-line.ts";
import { hello } from "./hello.ts";
import { readAll, startPod, startUpstream, type TestPod, type Upstream } from "./pod.ts";

const ADDRESSES = { "web.test": ["127.0.0.1"] };
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const EVIL = "GET /smuggled HTTP/1.1\r\nHost: evil.test\r\n\r\n";

/** A server that answers to every host, as those of large providers do: whatever ends a line is a request to it. */
async function startSite(): Promise<Upstream> {
  return await startUpstream((socket) => {
    let isAnswered = false;
    socket.on("data", (bytes: Buffer) => {
      if (isAnswered || !/[\r\n]/.test(bytes.toString("latin1"))) return;
      isAnswered = true;
      setTimeout(() => socket.end(OK), 20);
    });
  });
}

function podFor(upstream: Upstream, rules = [`web.test:${upstream.port}`, "127.0.0.1"]): TestPod {
  return startPod({ rules, addresses: { ...ADDRESSES, "host.docker.internal": ["127.0.0.1"] }, limits: { headMs: 2000, keepAliveMs: 1000 } });
}

async function writeSlowly(socket: Socket, text: string, length: number): Promise<void> {
  socket.setNoDelay(true);
  for (let at = 0; at < text.length && !socket.destroyed; at += length) {
    socket.write(text.slice(at, at + length), "latin1");
    if (at % 10 === 0) await sleep(1);
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

describe("HTTP to a host that is allowed, on a port of its own", () => {
  it("is passed request by request, and a WebSocket is", async ({ expect }) => {
    await using upstream = await startSite();
    await using pod = podFor(upstream);
    const socket = await pod.dial("web.test", upstream.port);
    socket.write(`GET /one HTTP/1.1\r\nHost: web.test:${upstream.port}\r\n\r\n`);
    await once(socket, "data");
    socket.write(`GET /two HTTP/1.1\r\nHost: WEB.test:${upstream.port}\r\nConnection: close\r\n\r\n`);
    expect((await readAll(socket)).text).toMatch(/200 OK[^]*ok$/);
    expect(upstream.received()).toMatch(new RegExp(`GET /one HTTP/1.1\\r\\nhost: web.test:${upstream.port}\\r\\n[^]*GET /two HTTP/1.1\\r\\nhost: web.test:${upstream.port}\\r\\n`));
    await pod.idle();
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.allowed"]);
    expect(pod.faults).toEqual([]);
  });

  it("reaches no other host in a later request", async ({ expect }) => {
    await using upstream = await startSite();
    await using pod = podFor(upstream);
    const socket = await pod.dial("web.test", upstream.port);
    socket.write(`GET /one HTTP/1.1\r\nHost: web.test:${upstream.port}\r\n\r\n${EVIL}`);
    expect((await readAll(socket)).text).toContain("HTTP/1.1 421");
    await pod.idle();
    expect(upstream.received()).not.toMatch(/evil|smuggled/);
    expect(pod.events.map(({ type }) => type)).toContain("egress.denied");
  });

  it.for([
    ["another host", EVIL],
    ["another port", "GET /smuggled HTTP/1.1\r\nHost: web.test:1\r\n\r\n"],
    ["no port", "GET /smuggled HTTP/1.1\r\nHost: web.test\r\n\r\n"],
    ["no host", "GET /smuggled HTTP/1.1\r\n\r\n"],
    ["another host in an absolute form", "GET http://evil.test/smuggled HTTP/1.1\r\nHost: evil.test\r\n\r\n"],
    ["empty lines before it", `\r\n\r\n\n${EVIL}`],
    ["a method in small letters", EVIL.replace("GET", "get")],
    ["a method of its own", EVIL.replace("GET", "X-evil")],
    ["tabs", EVIL.replaceAll(/GET | HTTP/g, (found) => found.replace(" ", "\t"))],
    ["blanks before it", ` \t\r\n ${EVIL}`],
    ["other blanks", EVIL.replace("GET ", "\v\fGET\x1c").replace(" HTTP", "\xa0HTTP").replace("1.1", "1.1\x85")],
    ["bare line feeds", EVIL.replaceAll("\r", "")],
    ["bare carriage returns", EVIL.replaceAll("\n", "")],
    ["spaces after it", EVIL.replace("1.1\r", "1.1  \r")],
    ["HTTP/1.0", EVIL.replace("1.1", "1.0")],
    ["a version that there is not", EVIL.replace("1.1", "9")],
    ["HTTP/0.9 before it", `GET /\r\n${EVIL}`],
    ["a tunnel", `CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n${EVIL}`],
    ["a line that never ends", `GET /${"a".repeat(140_000)}`],
  ] as const)("reaches nothing with %s", async ([, text], { expect }) => {
    for (const length of text.length > 1000 ? [text.length] : [text.length, 1, 7]) {
      await using upstream = await startSite();
      await using pod = podFor(upstream);
      const socket = await pod.dial("web.test", upstream.port);
      const answer = readAll(socket);
      await writeSlowly(socket, text, length);
      expect((await answer).text).not.toContain("200 OK");
      await pod.idle();
      expect(upstream.received()).not.toMatch(/evil\.test[^]*\n|Host/i);
      expect(upstream.received()).not.toMatch(/[\r\n]+[^]*smuggled[^]*[\r\n]/);
      expect(pod.faults).toEqual([]);
    }
  });

  it("reaches nothing with a TLS record of a version that some servers overlook", async ({ expect }) => {
    await using upstream = await startSite();
    await using pod = podFor(upstream);
    for (const version of [0, 1, 2, 4, 9, 15]) {
      const bytes = hello("evil.test");
      bytes[1] = version;
      const socket = await pod.dial("web.test", upstream.port);
      socket.write(bytes);
      expect((await readAll(socket)).reset).toBe(true);
    }
    expect(upstream.received()).toBe("");
  });
});

describe("what is no request of HTTP, on a port of its own", () => {
  const PASSED = [
    "PING\r\n",
    "GET key\r\n",
    "SSH-2.0-x y\r\n",
    "EHLO web.test\r\n",
    "0032git-upload-pack /p\0host=evil.test\0",
    "x",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\0\0\0\x08\x04\xd2\x16\x2f",
    '{"a": 1}',
    "\r\n",
    "USER me GET / HTTP/",
    "  say GET\xa0/\r\n",
    " \x1f\x85\xa0",
  ];

  it.for(PASSED)("goes on untouched, and at once: %j", async (text, { expect }) => {
    await using upstream = await startUpstream((socket: Socket) => {
      socket.pipe(socket);
    });
    await using pod = podFor(upstream);
    const socket = await pod.dial("web.test", upstream.port);
    socket.write(text, "latin1");
    await until(() => upstream.received() === text);
    socket.end("more");
    expect((await readAll(socket)).text).toBe(`${text}more`);
  });

  it("is not mixed with HTTP after the server spoke first", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.write("220 ready\r\n");
    });
    await using pod = podFor(upstream);
    const socket = await pod.dial("web.test", upstream.port);
    await once(socket, "data");
    socket.write(EVIL);
    expect((await readAll(socket)).reset).toBe(true);
    expect(upstream.received()).toBe("");
  });

  it("is whatever a client says to an address or to a service of this machine, which is one host each", async ({ expect }) => {
    await using upstream = await startSite();
    await using pod = podFor(upstream, [`127.0.0.1:${upstream.port}`, `host.docker.internal:${upstream.port}`]);
    for (const to of [{ kind: "address", address: "127.0.0.1" } as const, "host.docker.internal"]) {
      const socket = await pod.dial(to, upstream.port);
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      expect((await readAll(socket)).text).toBe(OK);
    }
  });
});

describe("a first line", () => {
  const piece = fc.constantFrom("GET", "/", " ", "\t", "\xa0", "HTTP/1.1", "HTTP/2.0", "\r\n", "\n", "\r", "x", "\0", "PRI *", "http://a");

  it("is judged alike however it comes in pieces, and only at its end", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(30), { maxLength: 5 }), (words, cuts) => {
        const text = words.join("");
        const whole = new FirstLine().push(Buffer.from(text, "latin1"));
        const line = new FirstLine();
        let kind: LineKind = "unclear";
        let at = 0;
        for (const to of [...cuts.toSorted((a, b) => a - b), text.length]) {
          if (kind === "unclear") kind = line.push(Buffer.from(text.slice(at, Math.max(at, to)), "latin1"));
          at = Math.max(at, to);
        }
        expect(kind).toBe(whole);
        if (kind === "http") expect(text).toMatch(/[\r\n]$|[\r\n]/);
      }),
    );
  });
});
