import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Socket } from "node:net";
import { describe, it, onTestFinished } from "vitest";
import { connectGuardEngine } from "../../src/engine/socket-engine.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An engine's socket that answers what a guard asks first, and `answer` to all else. */
async function startEngine(answer: Answer): Promise<{ readonly socket: string; readonly connections: Set<Socket>; readonly server: Server; opened: number }> {
  const directory = mkdtempSync(path.join(tmpdir(), "sbx-engine-"));
  const connections = new Set<Socket>();
  const server = createServer((request, response) => {
    if (request.url === "/version") response.end(JSON.stringify({ ApiVersion: "1.41", MinAPIVersion: "1.12", Version: "20.10", Arch: "amd64" }));
    else if (request.url === "/v1.41/info") response.end(JSON.stringify({ NCPU: 2, MemTotal: 1 }));
    else answer(request, response);
  });
  const engine = { socket: path.join(directory, "engine.sock"), connections, server, opened: 0 };
  server.on("connection", (connection: Socket) => {
    engine.opened += 1;
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  onTestFinished(() => {
    for (const connection of connections) connection.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  server.listen(engine.socket);
  await once(server, "listening");
  return engine;
}

describe("questions to an engine", () => {
  it("share connections, and are asked again where the engine closed it meanwhile", async ({ expect }) => {
    const asked: string[] = [];
    const engine = await startEngine((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("api-version", "1.41").end('{"there":true}');
    });
    const guard = await connectGuardEngine(engine.socket);
    const ask = { method: "GET", path: ["containers", "a b", "json"], query: { size: "1" } } as const;
    const { status, headers, body, bytes } = await guard.call(ask);
    expect([status, body, bytes?.toString()]).toEqual([200, { there: true }, '{"there":true}']);
    expect(headers).toMatchObject({ "api-version": "1.41" });
    for (let more = 0; more < 10; more += 1) await guard.call(ask);
    expect(engine.opened).toBeLessThanOrEqual(2);
    asked.length = 0;
    for (const connection of engine.connections) connection.destroy();
    expect((await guard.call(ask)).status).toBe(200);
    expect(asked).toEqual(["/v1.41/containers/a%20b/json?size=1"]);
  });

  it("are asked once more where the connection breaks under them, and what changes something never is", async ({ expect }) => {
    const asked: string[] = [];
    const engine = await startEngine((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (asked.length === 2) response.end("{}");
      else request.socket.destroy();
    });
    const guard = await connectGuardEngine(engine.socket);
    expect(await guard.call({ method: "GET", path: ["images", "json"] })).toMatchObject({ status: 200, body: {} });
    await expect(guard.call({ method: "POST", path: ["containers", "create"], body: {} })).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(asked).toEqual(["GET /v1.41/images/json", "GET /v1.41/images/json", "POST /v1.41/containers/create"]);
  });

  it("end with whoever asked", async ({ expect }) => {
    const engine = await startEngine(() => {});
    const guard = await connectGuardEngine(engine.socket);
    const gone = new AbortController();
    const asked = guard.call({ method: "GET", path: ["images", "json"], signal: gone.signal });
    setTimeout(() => {
      gone.abort();
    }, 20);
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    await expect(guard.call({ method: "GET", path: ["images", "json"], signal: gone.signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  it("are given up where the answer has no end", async ({ expect }) => {
    const engine = await startEngine((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 20)));
      };
      response.on("drain", more);
      more();
    });
    const guard = await connectGuardEngine(engine.socket);
    await expect(guard.call({ method: "GET", path: ["images", "json"] })).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });
});
