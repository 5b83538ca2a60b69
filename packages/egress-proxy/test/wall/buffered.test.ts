import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { hello } from "./hello.ts";
import { readAll, SANDBOX, startPod, startUpstream, type TestPod } from "./pod.ts";

/** Hand a connection over only when all that the client said has been read into the socket's own buffer already. */
async function sayEarly(pod: TestPod, to: string, port: number, said: Buffer | string, end: boolean): Promise<{ readonly text: string; readonly decisions: number }> {
  let decisions = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void sleep(60).then(() =>
      pod.wall.serve(
        {
          pod: SANDBOX,
          socket,
          to: { kind: "name", name: to },
          port,
          decided: () => {
            decisions += 1;
          },
        },
        pod.abort.signal,
      ),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  client.write(said);
  if (end) client.end();
  const { text } = await readAll(client);
  server.close();
  return { text, decisions };
}

describe("a client that spoke before its connection was taken", () => {
  const rules = ["web.test", "127.0.0.1"];
  const addresses = { "web.test": ["127.0.0.1"] };

  it("is heard on other ports", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.pipe(socket);
    });
    await using pod = startPod({ rules, addresses });
    expect(await sayEarly(pod, "web.test", upstream.port, "hello", true)).toEqual({ text: "hello", decisions: 1 });
  });

  it("is heard on port 443", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.once("data", () => socket.end("server hello"));
    });
    await using pod = startPod({ rules, addresses, listeners: { 443: upstream.port } });
    expect(await sayEarly(pod, "web.test", 443, hello("web.test"), false)).toEqual({ text: "server hello", decisions: 1 });
    expect(upstream.received()).toBe(hello("web.test").toString("latin1"));
  });

  it("is heard on port 80, denied and allowed, and by the services", async ({ expect }) => {
    await using upstream = await startUpstream((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
    });
    await using pod = startPod({ rules, addresses, listeners: { 80: upstream.port } });
    const get = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    expect((await sayEarly(pod, "web.test", 80, get("web.test"), false)).text).toMatch(/ok$/);
    expect((await sayEarly(pod, "evil.test", 80, get("evil.test"), false)).text).toMatch(/^HTTP\/1.1 403 /);
    expect(await sayEarly(pod, "policy.sbx.internal", 80, get("policy.sbx.internal"), false)).toMatchObject({ text: expect.stringMatching(/^HTTP\/1.1 200 /), decisions: 1 });
    expect(pod.faults).toEqual([]);
  });
});
