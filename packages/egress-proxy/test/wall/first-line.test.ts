import { once } from "node:events";
import { connect, createServer, Socket, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { it } from "vitest";
import { passFirstLine } from "../../src/wall/first-line.ts";
import { startUpstream } from "./pod.ts";

const PIECE_BYTES = 4096;

it("passes a long first line on as fast as the server takes it, holds no more of it meanwhile, and loses nothing", async ({ expect }) => {
  await using server = await startUpstream();
  const door = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(door, "listening");
  const agent = connect((door.address() as AddressInfo).port, "127.0.0.1");
  const [client] = (await once(door, "connection")) as [Socket];
  const open = Promise.withResolvers<undefined>();
  const upstream = new Socket({ writableHighWaterMark: PIECE_BYTES } as object);
  upstream.connect({ host: "slow.test", port: server.port, lookup: (_name, _options, done) => void open.promise.then(() => done(null, [{ address: "127.0.0.1", family: 4 }])) });
  const sent = `SAY ${"x".repeat(24 * PIECE_BYTES)}`;
  try {
    agent.write(sent);
    const passed = passFirstLine(client, upstream, Buffer.alloc(0));
    while (!client.isPaused()) await sleep(5);
    const held = upstream.writableLength;
    await sleep(50);
    expect(upstream.writableLength).toBe(held);
    expect(held).toBeLessThan(sent.length);
    open.resolve(undefined);
    while (server.received().length < sent.length) await sleep(5);
    expect(server.received()).toBe(sent);
    agent.write(" is nothing that a server of HTTP takes\nmore");
    expect(await passed).toEqual({ kind: "other", rest: Buffer.from(" is nothing that a server of HTTP takes\nmore") });
    expect(client.isPaused()).toBe(true);
    expect(server.received()).toBe(sent);
    expect([upstream.listenerCount("drain"), client.listenerCount("data")]).toEqual([0, 0]);
  } finally {
    for (const socket of [agent, client, upstream]) socket.destroy();
    door.close();
  }
});
