import { once } from "node:events";
import { createServer, request as httpsRequest, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { ContainerPodId, isSandboxId, type PodId, type Rule } from "@sbx/contracts";
import { compilePolicy } from "@sbx/egress-policy";
import { Secret } from "@sbx/secret-injector";
import { describe, it } from "vitest";
import { createAuthority, type HostCredential } from "../../src/index.ts";
import { readAll, startPod, startUpstream, type PodOptions, type TestPod } from "./pod.ts";
import { selfSigned } from "./self-signed.ts";

const AUTHORITY = createAuthority();
const KEY = "real-key-0123456789";
const { key, cert } = selfSigned("api.test", "127.0.0.1");

const rule = (bounds: Partial<Rule> = {}): Rule => ({ id: `r-${JSON.stringify(bounds).length}`, effect: "allow", to: "api.test", layer: "sandbox", ...bounds });
const READ_REPOS = rule({ methods: ["GET"], paths: ["/repos/**"] });

function credential(change: Partial<HostCredential> = {}): HostCredential {
  return { service: "github", domain: "api.test", header: "authorization", format: "Bearer %s", secret: () => Promise.resolve(new Secret(KEY)), fix: "sbx secret set github", ...change };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A host over TLS that remembers what it was asked. */
async function startHost(
  answer: Answer = (_, response) => response.end("done"),
  certificate: { readonly key: string; readonly cert: string } = { key, cert },
): Promise<AsyncDisposable & { readonly port: number; readonly asked: { line: string; headers: Record<string, unknown>; body: string }[]; readonly server: Server; connections: number }> {
  const asked: { line: string; headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer(certificate);
  const host = {
    port: 0,
    asked,
    server,
    connections: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await Promise.resolve();
    },
  };
  server.on("connection", () => (host.connections += 1));
  server.on("tlsClientError", () => {});
  server.on("request", (request, response) => {
    void text(request).then((body) => {
      asked.push({ line: `${request.method} ${request.url}`, headers: { ...request.headers }, body });
      answer(request, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  host.port = (server.address() as AddressInfo).port;
  return host;
}

interface Lab {
  readonly rules?: readonly Rule[];
  readonly credentials?: readonly HostCredential[];
}

function startLab(port: number, { rules = [READ_REPOS], credentials = [], ...options }: Lab & Omit<PodOptions, "rules"> = {}): TestPod {
  const policy = compilePolicy(rules);
  return startPod({
    policyOf: () => policy,
    authorityOf: (pod) => (isSandboxId(pod) ? AUTHORITY : undefined),
    credentialsOf: (pod) => (isSandboxId(pod) ? credentials : []),
    addresses: { "api.test": ["127.0.0.1"] },
    listeners: { 443: port, 8443: port },
    trust: [cert],
    ...options,
  });
}

/** The wall dials loopback for its tests alone. */
const LOOPBACK = rule({ id: "loopback", to: "127.0.0.1" });

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly ca?: string;
  readonly servername?: string;
  readonly pod?: PodId;
  readonly port?: number;
}

async function ask(
  pod: TestPod,
  { method = "GET", path = "/repos/a", headers = {}, body, ca = AUTHORITY.certificate, servername = "api.test", pod: of, port = 443 }: Asked = {},
): Promise<{ status: number; body: string; headers: IncomingMessage["headers"] } | string> {
  const own = await pod.portFor("api.test", port, of);
  const { promise, resolve } = Promise.withResolvers<{ status: number; body: string; headers: IncomingMessage["headers"] } | string>();
  const request = httpsRequest({ host: "127.0.0.1", port: own, method, path, servername, ca: [ca], agent: false, headers: { host: port === 443 ? "api.test" : `api.test:${port}`, ...headers } });
  request.once("response", (response) => {
    text(response).then(
      (whole) => resolve({ status: response.statusCode ?? 0, body: whole, headers: response.headers }),
      () => resolve("broken"),
    );
  });
  request.once("error", (error) => resolve("code" in error ? String(error.code) : "broken"));
  request.end(body);
  return await promise;
}

describe("a host of which single requests are allowed", () => {
  it("is asked those alone: by the certificate of the sandbox's authority on one side, and the host's own on the other", async ({ expect }) => {
    await using host = await startHost((request, response) => {
      response.setHeader("alt-svc", "h3").end(`you sent ${request.headers["x-own"] ?? "nothing"}`);
    });
    await using pod = startLab(host.port, { rules: [READ_REPOS, LOOPBACK] });
    expect(await ask(pod, { headers: { "x-own": "this" } })).toMatchObject({ status: 200, body: "you sent this", headers: expect.not.objectContaining({ "alt-svc": "h3" }) });
    expect(host.asked).toEqual([{ line: "GET /repos/a", headers: expect.objectContaining({ host: "api.test", "x-own": "this" }), body: "" }]);
    await pod.idle();
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.allowed"]);
    expect(pod.faults).toEqual([]);
  });

  it.for([
    ["another method", { method: "POST", body: "x" }],
    ["another path", { path: "/user" }],
    ["a path with dot segments", { path: "/repos/../user" }],
    ["an encoded slash", { path: "/repos/..%2fuser" }],
    ["a method that a header overrides", { headers: { "X-HTTP-Method-Override": "DELETE" } }],
    ["a path that a header overrides, with an underscore", { headers: { "x_original-url": "/user" } }],
    ["a second path beside its own", { headers: { destination: "/user" } }],
    ["a target of another host", { path: "https://evil.test/repos/a" }, 421],
    ["a target that is not encrypted", { path: "http://api.test/repos/a" }, 421],
    ["the Host of another", { headers: { host: "evil.test" } }, 421],
    ["the Host of another port", { headers: { host: "api.test:8443" } }, 421],
    ["a WebSocket elsewhere", { path: "/user", headers: { connection: "Upgrade", upgrade: "websocket" } }],
  ] as const)("is not asked with %s", async ([, asked, status = 403], { expect }) => {
    await using host = await startHost();
    await using pod = startLab(host.port, { rules: [READ_REPOS, LOOPBACK] });
    expect(await ask(pod, asked)).toMatchObject({ status });
    await pod.idle();
    expect(host.asked).toEqual([]);
    expect(host.connections).toBe(0);
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.denied"]);
  });

  it("is asked in absolute form, on another port, and over one connection for more than one request", async ({ expect }) => {
    await using host = await startHost();
    await using pod = startLab(host.port, { rules: [READ_REPOS, LOOPBACK] });
    expect(await ask(pod, { path: "https://api.test/repos/x" })).toMatchObject({ status: 200 });
    expect(await ask(pod, { port: 8443, path: "/repos/y" })).toMatchObject({ status: 200 });
    expect(host.asked.map(({ line, headers }) => `${line} ${String(headers["host"])}`)).toEqual(["GET /repos/x api.test", "GET /repos/y api.test:8443"]);
    const socket = tlsConnect({ host: "127.0.0.1", port: await pod.portFor("api.test", 443), servername: "api.test", ca: [AUTHORITY.certificate] });
    socket.write("GET /repos/1 HTTP/1.1\r\nhost: api.test\r\n\r\nGET /user HTTP/1.1\r\nhost: api.test\r\n\r\nGET /repos/2 HTTP/1.1\r\nhost: api.test\r\n\r\n");
    const { text: said } = await readAll(socket);
    expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 403"]);
    expect(host.asked.map(({ line }) => line)).not.toContain("GET /user");
    expect(host.asked.map(({ line }) => line)).not.toContain("GET /repos/2");
  });

  it.for([
    ["plain bytes", Buffer.from("\x01\x02\x03\x04 not http\r\n\r\n")],
    ["HTTP/2 from the start", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ] as const)("is not reached by %s on another port", async ([, bytes], { expect }) => {
    await using upstream = await startUpstream();
    await using pod = startLab(upstream.port, { rules: [READ_REPOS, LOOPBACK] });
    const socket = await pod.dial("api.test", 8443);
    socket.end(bytes);
    await readAll(socket);
    await pod.idle();
    expect(upstream.connections).toEqual([]);
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.denied"]);
  });

  it("is not reached by a pod that trusts no authority, nor by a container of the sandbox's", async ({ expect }) => {
    await using host = await startHost();
    await using none = startLab(host.port, { rules: [READ_REPOS, LOOPBACK], authorityOf: () => undefined });
    await using lab = startLab(host.port, { rules: [READ_REPOS, LOOPBACK] });
    expect(await ask(none)).toBe("ECONNRESET");
    expect(await ask(lab, { pod: ContainerPodId.parse("ctr_test0001") })).toBe("ECONNRESET");
    await Promise.all([none.idle(), lab.idle()]);
    expect(host.connections).toBe(0);
    for (const pod of [none, lab]) expect(pod.events.map(({ type }) => type)).toEqual(["egress.denied"]);
  });

  it("is not reached by a client that trusts another authority, or asks for another name", async ({ expect }) => {
    await using host = await startHost();
    await using pod = startLab(host.port, { rules: [READ_REPOS, LOOPBACK] });
    expect(await ask(pod, { ca: createAuthority().certificate })).toMatch(/SIGNATURE|UNABLE/);
    expect(await ask(pod, { servername: "other.test" })).toBe("ECONNRESET");
    await pod.idle();
    expect(host.connections).toBe(0);
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.failed", "egress.denied"]);
  });

  it.for(["TLSv1.2", "TLSv1.3"] as const)("resumes no session of another sandbox's, and begins none anew: %s", async (version, { expect }) => {
    let authority = AUTHORITY;
    await using host = await startHost();
    await using pod = startLab(host.port, { rules: [READ_REPOS, LOOPBACK], authorityOf: () => authority });
    const port = await pod.portFor("api.test", 443);
    const open = async (session?: Buffer): Promise<{ readonly socket: TLSSocket; readonly ticket: Buffer | undefined; readonly resumed: boolean }> => {
      const socket = tlsConnect({
        host: "127.0.0.1",
        port,
        servername: "api.test",
        ca: [authority.certificate],
        minVersion: version,
        maxVersion: version,
        ...(session === undefined ? {} : { session }),
      });
      let ticket: Buffer | undefined;
      socket.on("session", (given) => (ticket = given));
      await once(socket, "secureConnect");
      socket.write("GET /repos/a HTTP/1.1\r\nhost: api.test\r\n\r\n");
      await once(socket, "data");
      return { socket, ticket, resumed: socket.isSessionReused() };
    };
    const first = await open();
    const again = await open(first.ticket);
    authority = createAuthority();
    const elsewhere = await open(first.ticket);
    expect([first.resumed, again.resumed, elsewhere.resumed]).toEqual([false, true, false]);
    if (version === "TLSv1.2") {
      first.socket.on("error", () => {});
      first.socket.renegotiate({}, () => {});
      first.socket.write("GET /repos/b HTTP/1.1\r\nhost: api.test\r\n\r\n");
      expect((await readAll(first.socket)).text).toBe("");
    }
    for (const { socket } of [first, again, elsewhere]) socket.destroy();
    expect(host.asked.map(({ line }) => line)).toEqual(["GET /repos/a", "GET /repos/a", "GET /repos/a"]);
  });

  it("gets no request when it cannot prove who it is", async ({ expect }) => {
    await using host = await startHost(undefined, selfSigned("api.test"));
    await using other = await startHost(undefined, { key, cert });
    await using pod = startLab(host.port, { rules: [READ_REPOS, LOOPBACK], credentials: [credential()] });
    expect(await ask(pod)).toMatchObject({ status: 502 });
    await using named = startPod({
      policyOf: () => compilePolicy([{ ...READ_REPOS, to: "elsewhere.test" }, LOOPBACK]),
      authorityOf: () => AUTHORITY,
      addresses: { "elsewhere.test": ["127.0.0.1"] },
      listeners: { 443: other.port },
      trust: [cert],
    });
    const own = await named.portFor("elsewhere.test", 443);
    const socket = tlsConnect({ host: "127.0.0.1", port: own, servername: "elsewhere.test", ca: [AUTHORITY.certificate] });
    socket.write("GET /repos/a HTTP/1.1\r\nhost: elsewhere.test\r\n\r\n");
    expect((await readAll(socket)).text).toContain("HTTP/1.1 502");
    expect([...host.asked, ...other.asked]).toEqual([]);
  });

  it("ends what is under way when the rules come to deny it, and what hid its requests", async ({ expect }) => {
    let policy = compilePolicy([rule({ methods: ["GET"] }), LOOPBACK]);
    await using host = await startHost((_, response) => {
      response.writeHead(200).write("begun");
    });
    await using pod = startLab(host.port, { policyOf: () => policy });
    const asked = ask(pod);
    while (host.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    policy = compilePolicy([rule({ methods: ["POST"] }), LOOPBACK]);
    pod.wall.reconsider();
    expect(await asked).toBeTypeOf("string");
    policy = compilePolicy([rule(), LOOPBACK]);
    const hidden = ask(pod, { ca: cert });
    while (host.asked.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    policy = compilePolicy([rule({ methods: ["GET"] }), LOOPBACK]);
    pod.wall.reconsider();
    expect(await hidden).toBeTypeOf("string");
    expect(pod.events.filter(({ type }) => type === "egress.denied").map(({ fields }) => String(fields["reason"]))).toEqual([
      expect.stringContaining("GET of api.test:443/repos/a"),
      expect.stringContaining("which this connection hides"),
    ]);
  });
});

describe("a credential of a host", () => {
  it("is put on over verified TLS in place of what the client sent, and comes back nowhere", async ({ expect }) => {
    await using host = await startHost((request, response) => {
      const sent = request.headers.authorization ?? "nothing";
      response.writeHead(200, { "x-echo": sent, "content-length": sent.length * 2 });
      response.write(sent.slice(0, 12));
      setTimeout(() => response.end(sent.slice(12) + sent), 20);
    });
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential()] });
    const answer = await ask(pod, { path: "/any", headers: { authorization: "Bearer placeholder", Authorization2: "kept", range: "bytes=0-5", "accept-encoding": "gzip" } });
    expect(host.asked).toEqual([{ line: "GET /any", headers: expect.objectContaining({ authorization: `Bearer ${KEY}`, "accept-encoding": "identity", authorization2: "kept" }), body: "" }]);
    expect(host.asked[0]?.headers).not.toHaveProperty("range");
    const hidden = `Bearer ${"*".repeat(KEY.length)}`;
    expect(answer).toMatchObject({ status: 200, body: hidden + hidden, headers: { "x-echo": hidden } });
    await pod.idle();
    expect(JSON.stringify(pod.events)).not.toContain(KEY);
    expect(pod.events.map(({ type, fields }) => `${type} ${String(fields["reason"])}`)).toContain("egress.denied an answer of api.test repeated the credential; it was taken out");
  });

  it("is taken out of an answer that is coded though none was asked for, and of one in a coding that is not read nothing passes", async ({ expect }) => {
    const text = Buffer.from(`it is ${KEY}`);
    const bodies: Readonly<Record<string, Buffer>> = {
      gzip: gzipSync(text),
      deflate: deflateSync(text),
      br: brotliCompressSync(text),
      zstd: zstdCompressSync(text),
      "gzip, gzip": gzipSync(gzipSync(text)),
      rot13: text,
    };
    await using host = await startHost((request, response) => {
      const coding = decodeURIComponent(request.url?.slice(1) ?? "");
      response.writeHead(200, { "content-encoding": coding }).end(bodies[coding]);
    });
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential()] });
    for (const coding of ["gzip", "deflate"]) expect(await ask(pod, { path: `/${coding}` })).toMatchObject({ body: `it is ${"*".repeat(KEY.length)}` });
    for (const coding of ["br", "zstd", "gzip, gzip", "rot13"]) expect(await ask(pod, { path: `/${encodeURIComponent(coding)}` })).toBe("ECONNRESET");
  });

  it("is put on in place of whatever a server of CGI would take for the same header, and nothing frames a request but what is said here", async ({ expect }) => {
    await using host = await startHost();
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential({ header: "x-api_key", format: "%s" })] });
    const headers = {
      X_Api_Key: "mine",
      "x-api-key": "mine",
      "X-API_KEY": "mine",
      Accept_Encoding: "br",
      Content_Length: "9",
      Transfer_Encoding: "chunked",
      "Request-Range": "bytes=0-3",
      Connection: "x_hop",
      "X-Hop": "1",
      x_own: "kept",
    };
    expect(await ask(pod, { headers })).toMatchObject({ status: 200 });
    expect(host.asked.map((asked) => asked.headers)).toEqual([{ host: "api.test", "accept-encoding": "identity", "x-api_key": KEY, x_own: "kept", connection: "close" }]);
  });

  const coded = gzipSync(`it is ${KEY}`).toString("latin1");
  it.for([
    ["a body that is coded on the way", `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n${coded.length.toString(16)}\r\n${coded}\r\n0\r\n\r\n`],
    ["a body that is coded on the way and ends with the connection", `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n${coded}`],
    ["a switch that nobody asked for", `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n${KEY}`],
    ["a switch to nothing", `HTTP/1.1 101 Switching Protocols\r\n\r\n${KEY}`],
    ["an answer without a head", KEY],
    ["more headers than are read", `HTTP/1.1 200 OK\r\n${"a:\r\n".repeat(1000)}content-encoding: gzip\r\n\r\n${coded}`],
  ] as const)("comes back with no answer that cannot be understood: %s", async ([, answer], { expect }) => {
    await using host = await startHost((request) => request.socket.end(answer, "latin1"));
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential()] });
    const got = await ask(pod);
    expect(got).toMatchObject({ status: 502 });
    expect(JSON.stringify(got)).not.toContain(KEY);
    expect(pod.faults).toEqual([]);
  });

  it.for([
    ["with hints before it", `HTTP/1.1 103 ${KEY}\r\nlink: ${KEY}\r\n\r\nHTTP/1.1 200 ${KEY}\r\nx-${KEY}: ${KEY}\r\ncontent-length: 2\r\n\r\nok`],
    ["in trailers", `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n2;${KEY}\r\nok\r\n0\r\nx: ${KEY}\r\n\r\n`],
    ["to its end with the connection", `HTTP/1.0 200 OK\r\n\r\nok${KEY}`],
    ["in two members", `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n${gzipSync(`ok${KEY.slice(0, 9)}`).toString("latin1")}${gzipSync(KEY.slice(9)).toString("latin1")}`],
  ] as const)("is taken out of an answer %s", async ([, answer], { expect }) => {
    await using host = await startHost((request) => request.socket.end(answer, "latin1"));
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential()] });
    const got = await ask(pod);
    expect(got).toMatchObject({ status: 200, body: expect.stringContaining("ok") });
    expect(JSON.stringify(got)).not.toContain(KEY);
  });

  it("is one of Basic authentication where it has a name, whose coded form is taken out too", async ({ expect }) => {
    await using host = await startHost((request, response) => response.end(request.headers.authorization));
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential({ username: "x-access-token" })] });
    const basic = Buffer.from(`x-access-token:${KEY}`).toString("base64");
    expect(await ask(pod)).toMatchObject({ body: `Basic ${"*".repeat(basic.length)}` });
    expect(host.asked[0]?.headers["authorization"]).toBe(`Basic ${basic}`);
  });

  it.for([
    ["is missing", { secret: () => Promise.resolve(undefined) }, "sbx secret set github"],
    ["cannot be read", { secret: () => Promise.reject(new Error("locked")) }, "could not be read"],
    ["cannot stand in a header", { secret: () => Promise.resolve(new Secret("a\r\nx-evil: 1")) }, "none that a header can carry"],
  ] as const)("that %s keeps the request from the host, readably", async ([, change, said], { expect }) => {
    await using host = await startHost();
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential(change)] });
    const answer = await ask(pod);
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining(said) });
    expect(host.connections).toBe(0);
  });

  it("opens no host, goes to no other, to no other port, into no WebSocket and to no other pod", async ({ expect }) => {
    await using host = await startHost();
    await using shut = startLab(host.port, { rules: [], credentials: [credential()] });
    expect(await ask(shut)).toBe("ECONNRESET");
    expect(host.connections).toBe(0);
    await using lab = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential()] });
    expect(await ask(lab, { headers: { connection: "Upgrade", upgrade: "websocket" } })).toMatchObject({ status: 403 });
    expect(host.asked).toEqual([]);
    expect(await ask(lab, { port: 8443, ca: cert })).toMatchObject({ status: 200 });
    expect(await ask(lab, { pod: ContainerPodId.parse("ctr_test0001"), ca: cert })).toMatchObject({ status: 200 });
    await using other = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential({ domain: "*.api.test" }), credential({ domain: "pi.test" })] });
    expect(await ask(other, { ca: cert })).toMatchObject({ status: 200 });
    await other.idle();
    expect(host.asked.map(({ headers }) => headers["authorization"])).toEqual([undefined, undefined, undefined]);
  });

  it("goes into no TRACE, whose answer it would be", async ({ expect }) => {
    await using host = await startHost();
    await using pod = startLab(host.port, { rules: [rule(), LOOPBACK], credentials: [credential()] });
    expect(await ask(pod, { method: "TRACE" })).toMatchObject({ status: 400 });
    expect(host.asked).toEqual([]);
  });

  it("stands in no plain request", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    await using pod = startLab(0, { rules: [rule(), LOOPBACK], credentials: [credential({ domain: "api.test:80" }), credential()], listeners: { 80: upstream.port } });
    const socket = await pod.dial("api.test", 80);
    socket.write("GET / HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n");
    expect((await readAll(socket)).text).toContain("200 OK");
    expect(upstream.received()).not.toContain(KEY);
  });
});
