import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, it } from "vitest";
import { closed, reset } from "../../src/wall/socket.ts";

describe("reset", () => {
  it.for([0, 1, 2, 3])("closes a connection at any moment of its own end: %i turns after", async (turns, { expect, onTestFinished }) => {
    const accepted: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket.on("error", () => {})));
    onTestFinished(() => {
      for (const socket of accepted) socket.destroy();
      server.close();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const failures: unknown[] = [];
    const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", (error) => failures.push(error));
    await once(socket, "connect");
    const over = closed(socket);
    socket.end("last words");
    for (let turned = 0; turned < turns; turned += 1) await turn();
    reset(socket);
    await over;
    expect(failures).toEqual([]);
  });
});
