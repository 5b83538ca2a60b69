import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { readAll, startPod, startUpstream, type PodOptions, type TestPod } from "./pod.ts";

const ADDRESSES = { "web.test": ["127.0.0.1"] };
const RULES = ["web.test:80", "127.0.0.1:80"];

interface Site extends AsyncDisposable {
  readonly pod: TestPod;
  readonly server: Server;
  /** One line for each request that arrived: method and path. */
  readonly seen: string[];
  readonly requests: IncomingMessage[];
}

async function startSite(listener: (request: IncomingMessage, response: ServerResponse) => unknown = (_, response) => response.end("ok"), options: PodOptions = {}): Promise<Site> {
  const seen: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    requests.push(request);
    void listener(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 80: (server.address() as AddressInfo).port }, ...options });
  return {
    pod,
    server,
    seen,
    requests,
    async [Symbol.asyncDispose]() {
      await pod[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Say this on one connection and give all that comes back. */
async function say(pod: TestPod, text: string, to = "web.test"): Promise<string> {
  const socket = await pod.dial(to, 80);
  socket.write(text, "latin1");
  return (await readAll(socket)).text;
}

function get(path: string, headers: readonly string[] = ["Host: web.test", "Connection: close"]): string {
  return `GET ${path} HTTP/1.1\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;
}

function answersIn(text: string): number {
  return text.split("HTTP/1.1 ").length - 1;
}

async function collect(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe("plain HTTP to an allowed host", () => {
  it("passes requests of a kept connection one by one, with headers rebuilt", async ({ expect }) => {
    await using site = await startSite((_, response) => {
      response.setHeader("Alt-Svc", 'h3=":443"');
      response.setHeader("X-One", ["a", "b"]);
      response.end("body");
    });
    const text = await say(
      site.pod,
      `GET /one?x=%20y HTTP/1.1\r\nHost: web.test\r\nX-Two: 1\r\nX-Two: 2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: secret\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\n\r\n${get("/two", ["Host: WEB.test:80", "Connection: close"])}`,
    );
    expect(answersIn(text)).toBe(2);
    expect(text).toMatch(/X-One: a\r\nX-One: b\r\n/);
    expect(text).not.toMatch(/alt-svc/i);
    expect(site.seen).toEqual(["GET /one?x=%20y", "GET /two"]);
    expect(site.requests[0]?.rawHeaders).toEqual(["host", "web.test", "X-Two", "1", "X-Two", "2", "Connection", "close"]);
    expect(site.requests[1]?.headers.host).toBe("web.test");
    await site.pod.idle();
    expect(site.pod.events.map(({ type }) => type)).toEqual(["egress.allowed"]);
    expect(site.pod.events[0]?.fields["bytesIn"]).toBeGreaterThan(100);
  });

  it("streams bodies both ways, by length and by chunks, with trailers and 100-continue", async ({ expect }) => {
    await using site = await startSite(async (request, response) => {
      response.setHeader("Trailer", "X-Sum");
      response.write(`${request.headers["transfer-encoding"] ?? request.headers["content-length"]}:`);
      response.write(await collect(request));
      response.addTrailers({ "X-Sum": request.trailers["x-in"] ?? "none" });
      response.end();
    });
    const byLength = await say(site.pod, "POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    expect(byLength).toContain("5:");
    expect(byLength).toContain("hello");
    const chunked = await say(site.pod, "POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-In\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-In: 7\r\n\r\n");
    expect(chunked).toContain("chunked:");
    expect(chunked).toContain("abcde");
    expect(chunked).toContain("X-Sum: 7");
    const trailed = await say(site.pod, "POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nHost: evil.test\r\nAuthorization: x\r\nX-In: 8\r\n\r\n");
    expect(trailed).toContain("X-Sum: 8");
    expect(site.requests.at(-1)?.rawTrailers).toEqual(["X-In", "8"]);
    const socket = await site.pod.dial("web.test", 80);
    socket.write("POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
    const [go] = (await once(socket, "data")) as [Buffer];
    expect(go.toString()).toMatch(/^HTTP\/1.1 100 /);
    socket.write("xyz");
    expect((await readAll(socket)).text).toContain("xyz");
  });

  it("is not cut off in an answer that began while the next head was awaited in vain: its request had come before", async ({ expect }) => {
    await using site = await startSite(
      async (request, response) => {
        if (request.url === "/slow") await sleep(300);
        response.end(`${request.url} done`);
      },
      { limits: { keepAliveMs: 50 } },
    );
    expect(await say(site.pod, get("/quick", ["Host: web.test"]) + get("/slow"))).toMatch(/quick done[^]*slow done/);
  });

  it("is told once to go on, however often the host says it", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.once("data", () => socket.end(`${"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`));
    });
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 80: upstream.port } });
    const text = await say(pod, get("/"));
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 100", "HTTP/1.1 200"]);
  });

  it("passes answers without bodies, and flushes each part at once", async ({ expect }) => {
    const { promise: release, resolve } = Promise.withResolvers<void>();
    await using site = await startSite(async (request, response) => {
      if (request.url === "/304") response.writeHead(304).end();
      else if (request.method === "HEAD") response.writeHead(200, { "content-length": 99 }).end();
      else {
        response.write("data: 1\n\n");
        await release;
        response.end("data: 2\n\n");
      }
    });
    expect(await say(site.pod, get("/304"))).toMatch(/^HTTP\/1.1 304 /);
    expect(await say(site.pod, "HEAD / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n")).toMatch(/content-length: 99/i);
    const socket = await site.pod.dial("web.test", 80);
    socket.write(get("/events"));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(() => text.includes("data: 1"));
    resolve();
    await until(() => text.includes("data: 2"));
    socket.destroy();
  });

  it("breaks the client's connection when the answer breaks off, and the upstream's when the client goes", async ({ expect }) => {
    await using site = await startSite((request, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("part");
      if (request.url === "/break")
        setTimeout(() => {
          request.socket.resetAndDestroy();
        }, 30);
    });
    const socket = await site.pod.dial("web.test", 80);
    socket.write(get("/break"));
    const { text, reset } = await readAll(socket);
    expect(text).toContain("part");
    expect(reset).toBe(true);
    const leaving = await site.pod.dial("web.test", 80);
    leaving.write(get("/stay"));
    await until(() => site.requests.length === 2);
    leaving.destroy();
    await until(() => site.requests[1]?.socket.destroyed === true);
  });

  it("joins WebSockets of the same host only", async ({ expect }) => {
    await using site = await startSite();
    site.server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
      site.seen.push(`UPGRADE ${request.url} ${request.headers["sec-websocket-key"]}`);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y\r\n\r\nwelcome");
      socket.pipe(socket);
    });
    const upgrade = (host: string): string => `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`;
    const socket = await site.pod.dial("web.test", 80);
    socket.write(upgrade("web.test"));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(() => text.includes("welcome"));
    expect(text).toMatch(/^HTTP\/1.1 101 [^]*Sec-WebSocket-Accept: y/);
    socket.write("frame");
    await until(() => text.endsWith("frame"));
    socket.destroy();
    expect(await say(site.pod, upgrade("evil.test"))).toMatch(/^HTTP\/1.1 421 /);
    expect(site.seen).toEqual(["UPGRADE /ws x"]);
  });

  it("takes an upgrade to anything else for a plain request", async ({ expect }) => {
    await using site = await startSite();
    const asked = get("/", ["Host: web.test", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]);
    expect(await say(site.pod, `${asked}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`)).toContain("ok");
    expect(site.seen).toEqual(["GET /"]);
    expect(site.requests[0]?.headers.upgrade).toBeUndefined();
    expect(site.requests[0]?.headers["http2-settings"]).toBeUndefined();
  });

  it("asks the policy again for every request", async ({ expect }) => {
    await using site = await startSite();
    const socket = await site.pod.dial("web.test", 80);
    socket.write(get("/one", ["Host: web.test"]));
    await once(socket, "data");
    site.pod.setRules([]);
    socket.write(get("/two", ["Host: web.test"]));
    expect((await readAll(socket)).text).toContain("HTTP/1.1 403");
    expect(site.seen).toEqual(["GET /one"]);
  });

  it("answers 502 when the host is not there", async ({ expect }) => {
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 80: 1 } });
    expect(await say(pod, get("/"))).toMatch(/^HTTP\/1.1 502 [^]*could not be reached/);
    await pod.idle();
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.failed"]);
  });
});

describe("plain HTTP that tries to reach another host", () => {
  it.for([
    ["another Host", get("/", ["Host: evil.test"])],
    ["a Host below", get("/", ["Host: x.web.test"])],
    ["another port", get("/", ["Host: web.test:8080"])],
    ["two Hosts, the right one first", get("/", ["Host: web.test", "Host: evil.test"])],
    ["two Hosts, the right one last", get("/", ["Host: evil.test", "Host: web.test"])],
    ["two Hosts in one", get("/", ["Host: web.test, evil.test"])],
    ["a user in Host", get("/", ["Host: web.test@evil.test"])],
    ["a path in Host", get("/", ["Host: evil.test/web.test"])],
    ["an absolute form", get("http://evil.test/", ["Host: web.test"])],
    ["an absolute form with a user", get("http://web.test@evil.test/", ["Host: web.test"])],
    ["an absolute form in capitals", get("HTTP://EVIL.TEST/", ["Host: web.test"])],
    ["an absolute form of https", get("https://web.test/", ["Host: web.test"])],
    ["an absolute form that agrees, with another Host", get("http://web.test/", ["Host: evil.test"])],
  ] as const)("is answered 421 with %s, and the upstream sees nothing", async ([, text], { expect }) => {
    await using site = await startSite();
    const answer = await say(site.pod, text);
    expect(answer).toMatch(/^HTTP\/1.1 421 /);
    expect(answersIn(answer)).toBe(1);
    await site.pod.idle();
    expect(site.seen).toEqual([]);
    expect(site.pod.events.map(({ type }) => type)).toEqual(["egress.denied"]);
  });

  it("takes an absolute form that agrees, and writes it as a plain path", async ({ expect }) => {
    await using site = await startSite();
    expect(await say(site.pod, get("http://WEB.test:80/a?b"))).toContain("ok");
    expect(await say(site.pod, get("http://web.test?b"))).toContain("ok");
    expect(site.seen).toEqual(["GET /a?b", "GET /?b"]);
  });

  it("is cut at the second request of a kept connection", async ({ expect }) => {
    await using site = await startSite();
    const socket = await site.pod.dial("web.test", 80);
    socket.write(get("/good", ["Host: web.test"]));
    await once(socket, "data");
    socket.write(get("/bad", ["Host: evil.test"]) + get("/after", ["Host: web.test"]));
    const { text } = await readAll(socket);
    expect(text).toContain("HTTP/1.1 421");
    await site.pod.idle();
    expect(site.seen).toEqual(["GET /good"]);
    expect(site.pod.events.map(({ type }) => type)).toEqual(["egress.denied", "egress.allowed"]);
  });

  const inner = "GET /smuggled HTTP/1.1\r\nHost: evil.test\r\n\r\n";
  it.for([
    ["a length and chunks", `POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: ${inner.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ["chunks and a length", `POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${inner}`],
    ["two lengths", `POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`],
    ["a length with a sign", `POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: +0\r\n\r\n${inner}`],
    ["chunks that are not last", `POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`],
    ["chunks twice", `POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${inner}`],
    ["a space before the colon", `POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`],
    ["a folded header", `GET / HTTP/1.1\r\nHost: web.test\r\nX-A: b\r\n Host: evil.test\r\n\r\n${inner}`],
    ["a bare line feed", `GET / HTTP/1.1\nHost: web.test\n\n${inner}`],
    ["a bare carriage return in a header", `GET / HTTP/1.1\r\nHost: web.test\r\nX-A: b\rHost: evil.test\r\n\r\n${inner}`],
    ["a NUL in a header", `GET / HTTP/1.1\r\nHost: web.test\r\nX-A: b\0c\r\n\r\n${inner}`],
    ["a chunk size with rubbish", `POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${inner}`],
    ["a length after as many headers as are read", `POST / HTTP/1.1\r\nHost: web.test\r\n${"a:\r\n".repeat(1000)}Content-Length: ${inner.length}\r\n\r\n${inner}`],
    ["chunks after as many headers as are read", `POST / HTTP/1.1\r\nHost: web.test\r\n${"a:\r\n".repeat(998)}Transfer-Encoding: chunked\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`],
    ["an empty coding", `POST / HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding:\r\n\r\n${inner}`],
    ["an empty length", `POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length:\r\n\r\n${inner}`],
    ["a length twice in one", `POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 0, ${inner.length}\r\n\r\n${inner}`],
    ["no Host", `GET / HTTP/1.1\r\n\r\n${inner}`],
    ["HTTP/0.9", `GET /\r\n${inner}`],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a tunnel", `CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n${inner}`],
    ["TLS", "\x16\x03\x01\x00\x05hello"],
    ["a space in the path", `GET /a b HTTP/1.1\r\nHost: web.test\r\n\r\n${inner}`],
  ] as const)("finds no way with %s", async ([, text], { expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 80: upstream.port }, limits: { headMs: 300, keepAliveMs: 300 } });
    await say(pod, text);
    await pod.idle();
    expect(upstream.received()).not.toContain("smuggled");
    expect(upstream.received()).not.toContain("evil.test");
    expect(pod.faults).toEqual([]);
  });

  it("cannot make headers out of a path or a value", async ({ expect }) => {
    await using site = await startSite();
    await say(site.pod, get("/%0d%0aHost:%20evil.test", ["Host: web.test", "X-A: %0d%0aX-B: c", "Connection: close"]));
    expect(site.seen).toEqual(["GET /%0d%0aHost:%20evil.test"]);
    expect(site.requests[0]?.headers["x-b"]).toBeUndefined();
  });

  it("does not wait for a head that drips, nor take one that never ends", async ({ expect }) => {
    await using site = await startSite(undefined, { limits: { headMs: 200 } });
    const slow = await site.pod.dial("web.test", 80);
    const drip = setInterval(() => {
      slow.write("GET / HTTP/1.1\r\n".slice(0, 1));
    }, 20);
    const before = performance.now();
    await readAll(slow);
    clearInterval(drip);
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(await say(site.pod, get("/", ["Host: web.test", `X-Big: ${"a".repeat(70_000)}`]))).toMatch(/^HTTP\/1.1 431 /);
    expect(site.seen).toEqual([]);
  });

  it("cannot pile up requests", async ({ expect }) => {
    const held: ServerResponse[] = [];
    await using site = await startSite((_, response) => {
      held.push(response);
    });
    const socket = await site.pod.dial("web.test", 80);
    socket.write(get("/", ["Host: web.test"]).repeat(200));
    expect((await readAll(socket)).reset).toBe(true);
    expect(held.length).toBeLessThanOrEqual(1);
  });
});

describe("plain HTTP to a host that is not allowed", () => {
  it("gets a readable 403 with reason, rule and command", async ({ expect }) => {
    await using site = await startSite(undefined, { scopeOf: () => "--sandbox my-box" });
    const text = await say(site.pod, get("/secret-path", ["Host: evil.test"]), "evil.test");
    expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\ncontent-type: text\/plain/);
    expect(text).toContain("sbx refused the connection to evil.test:80.\nreason: no rule allows evil.test:80\n");
    expect(text).toContain("fix: a human can run on the host: sbx policy allow evil.test --sandbox my-box\n");
    await site.pod.idle();
    expect(site.seen).toEqual([]);
    expect(site.pod.events).toEqual([
      { type: "egress.denied", pod: "sbx_test0001", fields: { to: "evil.test", port: 80, rule: null, reason: "no rule allows evil.test:80", fix: "sbx policy allow evil.test --sandbox my-box" } },
    ]);
  });

  it("gets it as JSON when it asks for JSON, and names the rule that denies", async ({ expect }) => {
    await using site = await startSite(undefined, { rules: ["web.test", "deny *.test"] });
    const text = await say(site.pod, get("/", ["Host: web.test", "Accept: application/json"]));
    expect(JSON.parse(text.split("\r\n\r\n")[1] ?? "")).toEqual({
      code: "EGRESS_DENIED",
      message: "web.test:80 is denied by rule r1 (user: deny *.test)",
      fix: "a human can run on the host: sbx policy rm r1",
      details: { to: "web.test:80", rule: "r1" },
    });
  });

  it("gets it for a private address behind an allowed name", async ({ expect }) => {
    await using site = await startSite(undefined, { rules: ["web.test"], addresses: { "web.test": ["169.254.169.254"] } });
    expect(await say(site.pod, get("/latest/meta-data"))).toMatch(/^HTTP\/1.1 403 [^]*link-local or metadata address, and no rule names it/);
    expect(site.seen).toEqual([]);
  });

  it("gets to read it although it sent megabytes, and WebSockets are refused too", async ({ expect }) => {
    await using site = await startSite();
    const text = await say(site.pod, `POST / HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 2000000\r\n\r\n${"x".repeat(2_000_000)}`, "evil.test");
    expect(text).toContain("sbx refused the connection");
    expect(await say(site.pod, "GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "evil.test")).toMatch(/^HTTP\/1.1 403 /);
    expect(site.seen).toEqual([]);
  });

  it("cannot put anything of its own into the answer or the event", async ({ expect }) => {
    await using site = await startSite();
    const text = await say(site.pod, get("/<script>", ["Host: <script>"]), "a\r\nSet-Cookie: x\r\n<b>");
    expect(text).not.toMatch(/[<>]|^Set-Cookie/m);
    await site.pod.idle();
    expect(JSON.stringify(site.pod.events)).not.toMatch(/\\r|\\n|[<>]/);
  });
});
