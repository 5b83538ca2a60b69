import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { memoryHeld } from "@sbx/testing";
import { afterEach, describe, it } from "vitest";
import { readJsonBody, type ReadBody } from "../../src/http/read-body.ts";

const MIB = 1 << 20;
const open: { close: () => unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** Send a request as it is written; gives what a server makes of it. */
async function asked(text: string, take: (request: IncomingMessage) => Promise<ReadBody>): Promise<{ readonly client: Socket; readonly body: Promise<ReadBody> }> {
  const body = Promise.withResolvers<ReadBody>();
  const server = createServer((request) => {
    take(request).then(body.resolve, body.reject);
  }).listen(0);
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  open.push({ close: () => server.closeAllConnections() }, server);
  client.on("error", () => undefined);
  client.write(text);
  return { client, body: body.promise };
}

const readPlain = (request: IncomingMessage): Promise<ReadBody> => readJsonBody({ kind: "plain", request });
const CHUNKED = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
const singly = (text: string): string => Array.from(text, (sign) => `1\r\n${sign}\r\n`).join("");

describe("a body of the Docker API", () => {
  it("is what was sent, however it was cut", async ({ expect }) => {
    const { body } = await asked(`${CHUNKED}${singly('{"Image":"a","Cmd":["b"]}')}0\r\n\r\n`, readPlain);
    expect((await body).json).toEqual({ Image: "a", Cmd: ["b"] });
  });

  it("takes hardly more memory than its bytes when they come one by one", { timeout: 120_000 }, async ({ expect }) => {
    const half = Promise.withResolvers<number>();
    let before = 0;
    const { client, body } = await asked(`${CHUNKED}${singly(" ".repeat(400 << 10))}`, (request) => {
      before = memoryHeld();
      let bytes = 0;
      const body = readPlain(request);
      request.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes === 400 << 10) half.resolve(memoryHeld());
      });
      return body;
    });
    body.catch(() => undefined);
    expect(((await half.promise) - before) / MIB).toBeLessThan(40);
    client.destroy();
    await expect(body).rejects.toThrow();
  });
});
