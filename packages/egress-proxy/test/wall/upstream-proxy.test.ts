import { once } from "node:events";
import { createServer as createHttp, request as httpRequest } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { createServer as createTls, connect as tlsConnect } from "node:tls";
import type { Destination, Rule } from "@sbx/contracts";
import { compilePolicy } from "@sbx/egress-policy";
import { Secret } from "@sbx/secret-injector";
import { describe, it, onTestFinished } from "vitest";
import { createAuthority, createGuardedFetch, readProxies } from "../../src/index.ts";
import { hello } from "./hello.ts";
import { readAll, startPod, startUpstream } from "./pod.ts";
import { selfSigned } from "./self-signed.ts";

const name = (host: string, port = 443): Destination => ({ kind: "name", name: host, port });
const address = (literal: string, port = 443): Destination => ({ kind: "address", address: literal, port });

describe("the proxies that an environment names", () => {
  it("are for what their variables say, small letters first, and ALL_PROXY for the rest", ({ expect }) => {
    const of = readProxies({ http_proxy: "http://small:1", HTTP_PROXY: "http://big:1", HTTPS_PROXY: "secure:3128", ALL_PROXY: "http://a%40b:p%20w@all/" });
    expect(of(name("x.test", 80), true)).toEqual({ host: "small", port: 1 });
    expect(of(name("x.test"), false)).toEqual({ host: "secure", port: 3128 });
    expect(of(name("x.test", 5432), false)).toEqual({ host: "all", port: 80, authorization: `Basic ${Buffer.from("a@b:p w").toString("base64")}` });
    expect(readProxies({ ALL_PROXY: "http://a:100%@all" })(name("x.test"), false)).toMatchObject({ authorization: `Basic ${Buffer.from("a:100%").toString("base64")}` });
    expect(readProxies({ HTTPS_PROXY: "http://p" })(name("x.test", 22), false)).toBeUndefined();
    expect(readProxies({})(name("x.test"), false)).toBeUndefined();
  });

  it("are passed by for nobody but whom NO_PROXY names", ({ expect }) => {
    const of = readProxies({ ALL_PROXY: "http://p", NO_PROXY: "corp.test, .in.test *.deep.test  only.test:8443,10.0.0.0/8,192.0.2.7" });
    const direct = [name("corp.test"), name("a.corp.test"), name("in.test"), name("a.in.test"), name("a.deep.test"), name("only.test", 8443), address("10.1.2.3"), address("192.0.2.7")];
    const through = [name("xcorp.test"), name("corp.test.evil"), name("only.test"), address("11.0.0.1"), address("192.0.2.8"), name("10.test")];
    expect(direct.map((one) => of(one, false))).toEqual(direct.map(() => undefined));
    expect(through.map((one) => of(one, false))).toEqual(through.map(() => ({ host: "p", port: 80 })));
    expect(readProxies({ ALL_PROXY: "http://p", NO_PROXY: "*" })(name("x.test"), false)).toBeUndefined();
  });

  it.for(["socks5://p:1080", "https://p", "http://", "http://[", "ftp://p"])("that sbx does not speak to are not passed by: %s", (proxy, { expect }) => {
    expect(readProxies({ HTTPS_PROXY: proxy })(name("x.test"), false)).toBe("unusable");
  });
});

/** A proxy that remembers what it was asked. CONNECTs lead to `port` of loopback, whatever host they name. */
async function startProxy(
  port: number,
  { answer = "HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n", at = "127.0.0.1" } = {},
): Promise<{ readonly url: string; readonly asked: string[]; readonly authorizations: (string | undefined)[] }> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createHttp((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    authorizations.push(request.headers["proxy-authorization"]);
    const { pathname } = new URL(request.url ?? "");
    const onward = httpRequest({ host: "127.0.0.1", port, method: request.method, path: pathname, headers: { ...request.headers } });
    onward.once("response", (reply) => {
      response.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(response);
    });
    request.pipe(onward);
  });
  server.on("connect", (request, socket, head) => {
    asked.push(`CONNECT ${request.url}`);
    authorizations.push(request.headers["proxy-authorization"]);
    const onward = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    for (const one of [socket as Socket, onward]) sockets.add(one.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")));
    onward.once("connect", () => {
      for (const piece of answer.match(/[^]{1,20}/g) ?? []) socket.write(piece);
      onward.write(head);
      if (!answer.includes(" 200 ")) socket.end();
      else socket.pipe(onward).pipe(socket);
    });
  });
  server.listen(0, at);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://user:pass@${at}:${(server.address() as AddressInfo).port}`, asked, authorizations };
}

const BASIC = `Basic ${Buffer.from("user:pass").toString("base64")}`;
/** Names of the internet, as a resolver gives them, and one that leads inside. */
const ADDRESSES = { "api.test": ["93.184.216.34"], "inside.test": ["10.1.2.3"], "meta.test": ["169.254.169.254"], proxy: ["127.0.0.1"] };

describe("the wall of a machine with a proxy", () => {
  it("sends it no TRACE, which it would answer with its own credential", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    const proxy = await startProxy(upstream.port);
    await using pod = startPod({ rules: ["api.test"], addresses: ADDRESSES, proxyFor: readProxies({ HTTP_PROXY: proxy.url }) });
    const socket = await pod.dial("api.test", 80);
    socket.write("TRACE / HTTP/1.1\r\nHost: api.test\r\nMax-Forwards: 0\r\n\r\n");
    expect((await readAll(socket)).text).toMatch(/^HTTP\/1\.1 400 /);
    expect(proxy.asked).toEqual([]);
    expect(proxy.authorizations).toEqual([]);
  });

  it("passes TLS through it untouched, and records it as any other", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.once("data", () => socket.end("answer"));
    });
    const proxy = await startProxy(upstream.port);
    await using pod = startPod({ rules: ["api.test"], addresses: ADDRESSES, proxyFor: readProxies({ HTTPS_PROXY: proxy.url }) });
    const socket = await pod.dial("api.test", 443);
    socket.end(hello("api.test"));
    expect((await readAll(socket)).text).toBe("answer");
    await pod.idle();
    expect(proxy.asked).toEqual(["CONNECT api.test:443"]);
    expect(proxy.authorizations).toEqual([BASIC]);
    expect(upstream.received()).toBe(hello("api.test").toString("latin1"));
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.allowed"]);
    expect(JSON.stringify(pod.events)).not.toContain("pass");
  });

  it("passes every byte of a server that speaks at once, also in the same piece as the proxy's answer", async ({ expect }) => {
    const greeting = Buffer.alloc(300_000, "0123456789");
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {}).once("data", () => socket.end(Buffer.concat([Buffer.from("HTTP/1.1 200 fine\r\n\r\n"), greeting])));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
    });
    await using pod = startPod({ rules: ["api.test"], addresses: ADDRESSES, proxyFor: readProxies({ ALL_PROXY: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }) });
    const socket = await pod.dial("api.test", 5432);
    socket.end();
    expect((await readAll(socket)).text).toBe(greeting.toString("latin1"));
  });

  it("sends plain requests to it as a proxy takes them, decided as before", async ({ expect }) => {
    const server = createHttp((request, response) => {
      response.end(`${request.url} ${request.headers.host} ${String(request.headers["proxy-authorization"])} ${request.headers["x-own"] ?? ""}`);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
    });
    const proxy = await startProxy((server.address() as AddressInfo).port);
    await using pod = startPod({ rules: ["api.test"], addresses: ADDRESSES, proxyFor: readProxies({ HTTP_PROXY: proxy.url }) });
    const ask = async (host: string, headers: Record<string, string> = {}): Promise<string> => {
      const port = await pod.portFor("api.test", 80);
      const request = httpRequest({ host: "127.0.0.1", port, path: "/a?b=c", headers: { host, ...headers }, agent: false });
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      request.once("response", (response) => {
        text(response).then((body) => resolve(`${response.statusCode ?? 0} ${body}`), reject);
      });
      request.once("error", reject);
      request.end();
      return await promise;
    };
    expect(await ask("api.test", { "proxy-authorization": "Basic theirs", "x-own": "kept" })).toBe(`200 /a api.test ${BASIC} kept`);
    expect(await ask("evil.test")).toContain("421 ");
    expect(proxy.asked).toEqual(["GET http://api.test/a?b=c"]);
    expect(proxy.authorizations).toEqual([BASIC]);
  });

  it("asks it for no address that must not be dialled, and for a name that it alone resolves", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => socket.end("there"));
    const proxy = await startProxy(upstream.port);
    await using pod = startPod({ rules: ["**", "0.0.0.0/0"], addresses: ADDRESSES, proxyFor: readProxies({ ALL_PROXY: proxy.url }) });
    const said: string[] = [];
    for (const to of ["inside.test", "meta.test", { kind: "address", address: "10.0.0.1" }, { kind: "address", address: "127.0.0.1" }, "theirs.test"] as const) {
      const socket = await pod.dial(to, 5432);
      socket.end();
      said.push((await readAll(socket)).text);
    }
    expect(said).toEqual(["", "", "", "", "there"]);
    expect(proxy.asked).toEqual(["CONNECT theirs.test:5432"]);
    await pod.idle();
    expect(pod.events.map(({ type }) => type)).toEqual([...Array.from({ length: 4 }, () => "egress.denied"), "egress.allowed"]);
  });

  it("never passes it by: not where it refuses, says nothing of HTTP, is not there, or is none that sbx speaks to", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => socket.end("leak"));
    const refusing = await startProxy(upstream.port, { answer: "HTTP/1.1 407 Proxy Authentication Required\r\n\r\nleak" });
    const odd = await startProxy(upstream.port, { answer: "SSH-2.0-odd\r\n\r\nleak" });
    const endless = await startProxy(upstream.port, { answer: `HTTP/1.1 200 ok\r\nx: ${"y".repeat(20_000)}` });
    const reasons: unknown[] = [];
    for (const url of [refusing.url, odd.url, endless.url, "http://127.0.0.1:1", "socks5://127.0.0.1:1"]) {
      await using pod = startPod({ rules: ["api.test"], addresses: { "api.test": ["93.184.216.34"] }, listeners: { 443: upstream.port }, proxyFor: readProxies({ HTTPS_PROXY: url }) });
      const socket = await pod.dial("api.test", 443);
      socket.end(hello("api.test"));
      expect((await readAll(socket)).text).toBe("");
      await pod.idle();
      expect(pod.events.map(({ type }) => type)).toEqual(["egress.failed"]);
      reasons.push(pod.events[0]?.fields["reason"]);
    }
    expect(reasons).toEqual([
      expect.stringContaining("the proxy refused it (407)"),
      expect.stringContaining("something else than HTTP"),
      expect.stringContaining("something else than HTTP"),
      expect.stringContaining("did not answer (ECONNREFUSED)"),
      expect.stringContaining("none that sbx speaks to"),
    ]);
    expect(upstream.received()).toBe("");
  });

  it("judges requests within TLS and verifies the host through it", async ({ expect }) => {
    const { key, cert } = selfSigned("api.test");
    const server = createTls({ key, cert }, (socket) => {
      socket.on("error", () => {}).once("data", (data: Buffer) => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${data.toString().split("\r\n")[0] ?? ""}`));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
    });
    const proxy = await startProxy((server.address() as AddressInfo).port);
    const authority = createAuthority();
    const rule: Rule = { id: "r", effect: "allow", to: "api.test", layer: "user", methods: ["GET"] };
    await using pod = startPod({ policyOf: () => compilePolicy([rule]), authorityOf: () => authority, trust: [cert], addresses: ADDRESSES, proxyFor: readProxies({ HTTPS_PROXY: proxy.url }) });
    const socket = tlsConnect({ host: "127.0.0.1", port: await pod.portFor("api.test", 443), servername: "api.test", ca: [authority.certificate] });
    socket.write("GET /x HTTP/1.1\r\nhost: api.test\r\n\r\nPOST /x HTTP/1.1\r\nhost: api.test\r\ncontent-length: 0\r\n\r\n");
    const said = (await readAll(socket)).text;
    expect(said).toContain("GET /x HTTP/1.1");
    expect(said.match(/HTTP\/1\.1 [24]\d\d/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 403"]);
    expect(proxy.asked).toEqual(["CONNECT api.test:443"]);
  });

  it("asks providers of models through it, and a model of this machine's own directly", async ({ expect }) => {
    const { key, cert } = selfSigned("provider.test");
    const provider = createTls({ key, cert }, (socket) => {
      socket
        .on("error", () => {})
        .once("data", (data: Buffer) =>
          socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${/x-api-key: (.*)/i.exec(data.toString())?.[1] === "real-key-of-the-provider" ? "provider" : "no key"}`),
        );
    });
    const own = createHttp((_, response) => response.end("own"));
    for (const server of [provider, own]) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => {
        server.close();
      });
    }
    const proxy = await startProxy((provider.address() as AddressInfo).port);
    const binding = { header: "x-api-key", format: "%s", dialect: "anthropic", placeholder: "sk-placeholder", secret: () => Promise.resolve(new Secret("real-key-of-the-provider")) } as const;
    const models = [
      { ...binding, service: "far", upstream: new URL("https://provider.test/") },
      { ...binding, service: "own", upstream: new URL(`http://127.0.0.1:${(own.address() as AddressInfo).port}/`) },
    ];
    await using pod = startPod({ models, trust: [cert], proxyFor: readProxies({ ALL_PROXY: proxy.url }) });
    await using odd = startPod({ models, trust: [cert], proxyFor: readProxies({ HTTPS_PROXY: "socks5://p" }) });
    const ask = async (of: typeof pod, service: string): Promise<string> => {
      const socket = await of.dial("model.sbx.internal", 80);
      socket.write(`POST /${service}/v1/messages HTTP/1.1\r\nhost: model.sbx.internal\r\nx-api-key: sk-placeholder\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`);
      return (await readAll(socket)).text;
    };
    expect(await ask(pod, "far")).toMatch(/200 OK[^]*provide/);
    expect(await ask(pod, "own")).toMatch(/200 OK[^]*ow/);
    expect(proxy.asked).toEqual(["CONNECT provider.test:443"]);
    expect(proxy.authorizations).toEqual([BASIC]);
    expect(await ask(odd, "far")).toContain("none that sbx speaks to");
  });

  it("is there for servers of others too", async ({ expect }) => {
    const proxy = await startProxy(1);
    await using guarded = createGuardedFetch({
      policy: () => compilePolicy([{ id: "r", effect: "allow", to: "api.test", layer: "user" }]),
      record: () => {},
      resolve: () => Promise.resolve(["93.184.216.34"]),
      proxyFor: readProxies({ HTTPS_PROXY: proxy.url }),
    });
    await expect(guarded.fetch("https://api.test/")).rejects.toThrow();
    expect(proxy.asked).toEqual(["CONNECT api.test:443"]);
  });
});
