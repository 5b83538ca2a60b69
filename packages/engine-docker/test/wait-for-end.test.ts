import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, onTestFinished } from "vitest";
import { connectEngine } from "../src/index.ts";

const VERSION = { Version: "20.10.24", ApiVersion: "1.41", MinAPIVersion: "1.12", Arch: "amd64", Os: "linux" };

/** An engine that answers the header of a wait at once, as Docker does, and then does with the connection what `then` says. */
async function engineThat(then: "dies" | "answers") {
  const directory = mkdtempSync(join(tmpdir(), "sbx-wait-"));
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url?.includes("/wait") !== true) return void response.end(JSON.stringify(request.url?.includes("/info") === true ? {} : VERSION));
    response.flushHeaders();
    if (then === "answers") return void response.end('{"StatusCode":0}');
    response.write('{"Status');
    setImmediate(() => response.socket?.destroy());
  }).listen(join(directory, "sock"));
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return connectEngine({ endpoint: join(directory, "sock"), environment: {}, home: directory });
}

it("a wait for a container's end fails when the engine dies meanwhile, and does not last for ever", async ({ signal, expect }) => {
  const engine = await engineThat("dies");
  await expect(engine.awaitStop("abc", signal)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
});

it("a wait for a container's end resolves with the engine's answer", async ({ signal, expect }) => {
  const engine = await engineThat("answers");
  expect(await engine.awaitStop("abc", signal)).toBeUndefined();
});
