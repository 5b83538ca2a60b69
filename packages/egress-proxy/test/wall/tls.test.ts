import { once } from "node:events";
import { createServer as createTlsServer, connect as tlsConnect, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { extension, hello, helloMessage, records, serverName } from "./hello.ts";
import { readAll, SANDBOX, startPod, startUpstream } from "./pod.ts";

const ADDRESSES = { "api.test": ["127.0.0.1"] };
const RULES = ["api.test:443", "127.0.0.1:443"];
/** A key that both ends know stands in for certificates: the wall looks at neither. */
const PSK = { ciphers: "PSK-AES128-GCM-SHA256", maxVersion: "TLSv1.2", checkServerIdentity: () => undefined } as const;
const KEY = Buffer.alloc(16, 5);

describe("a connection to port 443", () => {
  it("passes TLS end to end when the client asks for the name that it resolved", async ({ expect }) => {
    const server = createTlsServer({ ...PSK, pskCallback: () => KEY }, (socket) => {
      socket.end(`hello ${String(socket.servername)}`);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 443: (server.address() as AddressInfo).port } });
    const client: TLSSocket = tlsConnect({ ...PSK, host: "127.0.0.1", port: await pod.portFor("api.test", 443), servername: "api.test", pskCallback: () => ({ identity: "x", psk: KEY }) });
    const [text] = (await once(client, "data")) as [Buffer];
    expect(text.toString()).toBe("hello api.test");
    client.destroy();
    server.close();
    await pod.idle();
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.allowed"]);
  });

  it("forwards the client's bytes untouched, also a name in capitals and a hello in pieces", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 443: upstream.port } });
    const bytes = records(helloMessage([serverName("API.test"), extension(51, Buffer.alloc(1300, 3))]), 200);
    const socket = await pod.dial("api.test", 443);
    socket.setNoDelay(true);
    for (let at = 0; at < bytes.length; at += 150) {
      socket.write(bytes.subarray(at, at + 150));
      await sleep(2);
    }
    socket.write("and more");
    while (upstream.received().length < bytes.length + 8) await sleep(5);
    expect(upstream.received()).toBe(`${bytes.toString("latin1")}and more`);
    socket.destroy();
  });

  it.for([
    ["another name", hello("evil.test"), "asks for evil.test"],
    ["a name below it", hello("x.api.test"), "asks for x.api.test"],
    ["a name with a dot at the end", hello("api.test."), "asks for api.test."],
    ["no name", hello(), "names no server"],
    ["two names", hello("api.test", "evil.test"), "malformed"],
    ["the name twice in two extensions", records(helloMessage([serverName("api.test"), serverName("evil.test")])), "malformed"],
    ["plain HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n"), "speaks something else"],
    ["SSH", Buffer.from("SSH-2.0-x\r\n"), "speaks something else"],
    ["a message that claims to be huge", Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]), Buffer.alloc(20_000)]), "larger than"],
  ] as const)("is refused with %s, and nothing is dialled", async ([, bytes, reason], { expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 443: upstream.port } });
    const socket = await pod.dial("api.test", 443);
    socket.write(bytes);
    expect((await readAll(socket)).text).toBe("");
    await pod.idle();
    expect(upstream.connections).toEqual([]);
    expect(pod.events.map(({ type }) => type)).toEqual(["egress.denied"]);
    expect(pod.events[0]?.fields["reason"]).toContain(reason);
  });

  it("is refused when the hello comes too slowly or not at all", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 443: upstream.port }, limits: { headMs: 150 } });
    const slow = await pod.dial("api.test", 443);
    const bytes = hello("api.test");
    const drip = setInterval(() => {
      slow.write(bytes.subarray(0, 1));
    }, 20);
    const before = performance.now();
    const results = await Promise.all([readAll(slow), readAll(await pod.dial("api.test", 443))]);
    clearInterval(drip);
    expect(results.map(({ reset }) => reset)).toEqual([true, true]);
    expect(performance.now() - before).toBeLessThan(10_000);
    await pod.idle();
    expect(upstream.connections).toEqual([]);
  });

  it("to an address needs a rule of the address and no name", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: ["**"], addresses: ADDRESSES, listeners: { 443: upstream.port } });
    const to = { kind: "address", address: "127.0.0.1" } as const;
    const denied = await pod.dial(to, 443);
    denied.write(hello());
    expect((await readAll(denied)).reset).toBe(true);
    expect(upstream.connections).toEqual([]);
    pod.setRules(["127.0.0.1:443"]);
    const allowed = await pod.dial(to, 443);
    allowed.write(hello());
    while (upstream.received() === "") await sleep(5);
    allowed.destroy();
  });

  it("is only refused where the name could not be allowed when it was looked up", async ({ expect }) => {
    await using upstream = await startUpstream();
    await using pod = startPod({ rules: RULES, addresses: ADDRESSES, listeners: { 443: upstream.port } });
    let decisions = 0;
    const { createServer, connect } = await import("node:net");
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      void pod.wall.serve(
        {
          pod: SANDBOX,
          socket,
          to: { kind: "name", name: "api.test" },
          port: 443,
          refuseOnly: true,
          decided: () => {
            decisions += 1;
          },
        },
        new AbortController().signal,
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(hello("api.test"));
    expect((await readAll(socket)).reset).toBe(true);
    server.close();
    expect(upstream.connections).toEqual([]);
    expect(decisions).toBe(1);
    expect(pod.events[0]?.fields["reason"]).toContain("when it was looked up");
  });
});
