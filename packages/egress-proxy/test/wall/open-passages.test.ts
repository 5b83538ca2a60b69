import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { compilePolicy, type CompiledPolicy } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { hello } from "./hello.ts";
import { readAll, SANDBOX, startPod, startUpstream, type TestPod } from "./pod.ts";

const ADDRESSES = { "db.test": ["127.0.0.1"], "web.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] };

/** An upstream that never stops sending. */
const endless = (socket: Socket): void => {
  const timer = setInterval(() => socket.write("more "), 5);
  socket.once("close", () => {
    clearInterval(timer);
  });
};

const denials = (pod: TestPod): readonly unknown[] => pod.events.filter(({ type }) => type === "egress.denied").map(({ fields }) => fields);

/** A connection over which bytes flow. */
async function flowing(pod: TestPod, to: string, port: number): Promise<Socket> {
  const socket = await pod.dial(to, port);
  if (port === 443) socket.write(hello(to));
  await once(socket, "data");
  return socket;
}

describe("an open connection that a new rule denies", () => {
  it.for([
    ["bytes", 5432],
    ["TLS", 443],
  ] as const)("of %s is reset on both sides at once, and the record names the rule", async ([, port], { expect }) => {
    await using upstream = await startUpstream(endless);
    await using pod = startPod({ rules: ["**.test", "127.0.0.1"], addresses: ADDRESSES, listeners: { [port]: upstream.port } });
    const socket = await flowing(pod, "db.test", port);
    const [server] = upstream.connections;
    const ended = new Promise((resolve) => server?.once("close", resolve));
    pod.setRules(["**.test", "127.0.0.1", "deny db.test"]);
    pod.wall.reconsider();
    expect((await readAll(socket)).reset).toBe(true);
    await ended;
    await pod.idle();
    expect(denials(pod)).toEqual([
      {
        to: "db.test",
        port,
        rule: "r2",
        reason: `db.test:${port} is denied by rule r2 (user: deny db.test); the connection was open and is ended`,
        fix: "sbx policy rm r2",
      },
    ]);
    expect(pod.events.filter(({ type }) => type === "egress.allowed")).toMatchObject([{ fields: { to: "db.test", bytesIn: expect.any(Number) as unknown } }]);
    expect(pod.faults).toEqual([]);
  });

  it("is found where nobody tells of the change, and when the rule that allowed it is gone", async ({ expect }) => {
    await using upstream = await startUpstream(endless);
    await using pod = startPod({ rules: ["db.test:5432", "127.0.0.1"], addresses: ADDRESSES, listeners: { 5432: upstream.port } });
    const socket = await flowing(pod, "db.test", 5432);
    const before = performance.now();
    pod.setRules(["127.0.0.1"]);
    expect((await readAll(socket)).reset).toBe(true);
    expect(performance.now() - before).toBeLessThan(10_000);
    await pod.idle();
    expect(denials(pod)).toMatchObject([{ rule: null, reason: expect.stringContaining("no rule allows db.test:5432") as unknown }]);
  });

  it("is found by the address to which it goes, denied or not named any longer", async ({ expect }) => {
    await using upstream = await startUpstream(endless);
    await using pod = startPod({ rules: ["**.test:5432", "127.0.0.1"], addresses: ADDRESSES, listeners: { 5432: upstream.port } });
    const first = await flowing(pod, "db.test", 5432);
    pod.setRules(["**.test:5432", "127.0.0.1", "deny 127.0.0.0/8"]);
    pod.wall.reconsider();
    expect((await readAll(first)).reset).toBe(true);
    pod.setRules(["**.test:5432", "127.0.0.1"]);
    const second = await flowing(pod, "db.test", 5432);
    pod.setRules(["**.test:5432"]);
    pod.wall.reconsider();
    expect((await readAll(second)).reset).toBe(true);
    await pod.idle();
    expect(denials(pod)).toMatchObject([
      { rule: "r2", reason: expect.stringContaining("127.0.0.1, which is denied by rule r2") as unknown },
      { reason: expect.stringContaining("no rule names it") as unknown },
    ]);
  });

  it("ends alone: what is allowed still goes on, of this sandbox and of others", async ({ expect }) => {
    await using upstream = await startUpstream(endless);
    await using pod = startPod({ rules: ["**.test", "127.0.0.1"], addresses: ADDRESSES, listeners: { 5432: upstream.port } });
    const [denied, allowed] = [await flowing(pod, "db.test", 5432), await flowing(pod, "other.test", 5432)];
    pod.setRules(["**.test", "127.0.0.1", "deny db.test"]);
    pod.wall.reconsider();
    expect((await readAll(denied)).reset).toBe(true);
    for (let chunks = 0; chunks < 100; chunks += 1) await once(allowed, "data");
    expect(allowed.destroyed).toBe(false);
    allowed.destroy();
    await pod.idle();
    expect(denials(pod)).toHaveLength(1);
  });

  it("ends when its rules cannot be read any longer", async ({ expect }) => {
    await using upstream = await startUpstream(endless);
    let policy: CompiledPolicy | undefined = compilePolicy(["db.test", "127.0.0.1"].map((to, index) => ({ id: `r${index}`, effect: "allow", to, layer: "user" })));
    const policyOf = (): CompiledPolicy => {
      if (policy === undefined) throw new Error("unreadable");
      return policy;
    };
    await using pod = startPod({ policyOf, addresses: ADDRESSES, listeners: { 5432: upstream.port } });
    const socket = await flowing(pod, "db.test", 5432);
    policy = undefined;
    expect((await readAll(socket)).reset).toBe(true);
    await pod.idle();
    expect(denials(pod)).toMatchObject([{ to: "db.test", reason: expect.stringContaining("cannot be read") as unknown }]);
  });

  it("passes nothing when the rule came while it was being made: before the hello, the name's answer or the connection", async ({ expect }) => {
    await using upstream = await startUpstream();
    const answer = Promise.withResolvers<readonly string[]>();
    const asked = Promise.withResolvers<void>();
    await using pod = startPod({
      rules: ["**.test", "127.0.0.1"],
      listeners: { 443: upstream.port, 5432: upstream.port },
      resolve: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const silent = await pod.dial("db.test", 443);
    const early = await pod.dial("db.test", 5432);
    early.write("secret");
    const byAddress = await pod.dial("other.test", 5432);
    byAddress.write("secret");
    await asked.promise;
    pod.setRules(["**.test", "127.0.0.1", "deny db.test", "deny 127.0.0.0/8"]);
    pod.wall.reconsider();
    answer.resolve(["127.0.0.1"]);
    silent.write(hello("db.test"));
    for (const socket of [silent, early, byAddress]) expect((await readAll(socket)).reset).toBe(true);
    await pod.idle();
    expect(upstream.received()).toBe("");
    expect(denials(pod)).toHaveLength(3);
    expect(pod.faults).toEqual([]);
  });
});

describe("plain HTTP over a connection that is kept", () => {
  async function startSite(): Promise<{ readonly port: number; readonly held: ServerResponse[] } & AsyncDisposable> {
    const held: ServerResponse[] = [];
    const server = createServer((request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      if (request.url === "/long") {
        held.push(response);
        response.write("begun");
      } else response.end("done");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      port: (server.address() as AddressInfo).port,
      held,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      },
    };
  }
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: web.test\r\n\r\n`;

  it("is reset in the middle of an answer, and the host is left", async ({ expect }) => {
    await using site = await startSite();
    await using pod = startPod({ rules: ["web.test", "127.0.0.1"], addresses: ADDRESSES, listeners: { 80: site.port } });
    const socket = await pod.dial("web.test", 80);
    socket.write(get("/long"));
    await once(socket, "data");
    const [response] = site.held;
    const left = new Promise((resolve) => response?.once("close", resolve));
    pod.setRules(["web.test", "127.0.0.1", "deny web.test"]);
    pod.wall.reconsider();
    expect((await readAll(socket)).reset).toBe(true);
    await left;
    await pod.idle();
    expect(denials(pod)).toMatchObject([{ to: "web.test", port: 80, rule: "r2", reason: expect.stringContaining("was open and is ended") as unknown }]);
  });

  it("stays open between two requests, so that the next one is refused readably", async ({ expect }) => {
    await using site = await startSite();
    await using pod = startPod({ rules: ["web.test", "127.0.0.1"], addresses: ADDRESSES, listeners: { 80: site.port } });
    const socket = await pod.dial("web.test", 80);
    socket.write(get("/"));
    await once(socket, "data");
    pod.setRules(["web.test", "127.0.0.1", "deny web.test"]);
    pod.wall.reconsider();
    socket.write(get("/again"));
    expect((await readAll(socket)).text).toContain("web.test:80 is denied by rule r2");
    await pod.idle();
    expect(denials(pod)).toHaveLength(1);
  });
});

describe("a request whose rules cannot be read any longer", () => {
  it.for([
    ["a plain one", ""],
    ["a WebSocket", "Connection: Upgrade\r\nUpgrade: websocket\r\n"],
  ] as const)("is refused at once, and the host is not asked: %s", async ([, headers], { expect }) => {
    await using upstream = await startUpstream();
    const policy = compilePolicy(["web.test", "127.0.0.1"].map((to, index) => ({ id: `r${index}`, effect: "allow", to, layer: "user" })));
    let asked = 0;
    await using pod = startPod({
      policyOf: () => {
        asked += 1;
        if (asked > 2) throw new Error("the pod is not open");
        return policy;
      },
      addresses: ADDRESSES,
      listeners: { 80: upstream.port },
    });
    const socket = await pod.dial("web.test", 80);
    socket.write(`GET / HTTP/1.1\r\nHost: web.test\r\n${headers}\r\n`);
    expect((await readAll(socket)).text).toMatch(/^HTTP\/1\.1 403 /);
    await pod.idle();
    expect(upstream.connections).toEqual([]);
    expect(denials(pod)).toHaveLength(1);
  });
});

describe("a policy that changes nothing for what is open", () => {
  it("is asked, and leaves everything as it is", async ({ expect }) => {
    await using upstream = await startUpstream(endless);
    const asked: string[] = [];
    const policy = (): CompiledPolicy => compilePolicy(["db.test", "127.0.0.1"].map((to, index) => ({ id: `r${index}`, effect: "allow", to, layer: "user" })));
    await using pod = startPod({
      policyOf: (sandbox) => {
        asked.push(sandbox);
        return policy();
      },
      addresses: ADDRESSES,
      listeners: { 5432: upstream.port },
    });
    const socket = await flowing(pod, "db.test", 5432);
    const before = asked.length;
    while (asked.length < before + 3) await once(socket, "data");
    expect(asked.every((one) => one === SANDBOX)).toBe(true);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
    await pod.idle();
    expect(denials(pod)).toEqual([]);
  });
});
