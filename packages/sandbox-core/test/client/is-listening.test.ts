import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import { describe, it, onTestFinished } from "vitest";
import { isListening } from "../../src/client/is-listening.ts";

async function aListener(): Promise<{ readonly socket: string; readonly close: () => void }> {
  const directory = mkdtempSync(path.join(tmpdir(), "sbx-listening-"));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  const socket = path.join(directory, "s.sock");
  const server = createServer().listen(socket);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return { socket, close: () => void server.close() };
}

describe("a socket", () => {
  it("has somebody at it as long as a process listens", async ({ expect }) => {
    const { socket, close } = await aListener();
    expect(await isListening(socket)).toBe(true);
    close();
    expect(await isListening(socket)).toBe(false);
  });

  it("has nobody at it when whoever listened goes at that moment", async ({ expect }) => {
    const { socket, close } = await aListener();
    const answer = isListening(socket);
    close();
    expect(await answer).toBe(false);
  });
});
