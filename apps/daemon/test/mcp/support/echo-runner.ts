import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { AppError } from "@sbx/contracts";
import type { RunningServer, ServerRunner, StartServer } from "@sbx/mcp-gateway";

/** Runs every server as the same small one in this process: tools `echo` and `fail`; one that is called `never` does not start. Says what was started. */
export function createEchoRunner(): ServerRunner & { readonly started: StartServer[]; readonly running: () => number } {
  const started: StartServer[] = [];
  let running = 0;
  return {
    started,
    running: () => running,
    start: async (request) => {
      started.push(request);
      if (request.entry.name === "never") throw new AppError("SERVER_FAILED", { message: "it never starts\u001B[2J\u009B2J", fix: "none" });
      running += 1;
      const server = echoServer(request.entry.name, () => {
        running -= 1;
      });
      return await Promise.resolve(server);
    },
  };
}

function echoServer(name: string, onEnd: () => void): RunningServer {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const exit = Promise.withResolvers<number>();
  stderr.write(`${name} is up\n`);
  createInterface({ input: stdin }).on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) return;
    stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...answer(name, method, params) })}\n`);
  });
  let ended = false;
  return {
    stdin,
    stdout,
    stderr,
    exit: exit.promise,
    [Symbol.asyncDispose]: async () => {
      if (!ended) onEnd();
      ended = true;
      // As a container, it takes a while to be gone.
      await setTimeout(20);
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
      exit.resolve(0);
      await exit.promise;
    },
  };
}

function answer(name: string, method: string, params: { readonly name?: string; readonly arguments?: { readonly message?: unknown }; readonly protocolVersion?: string }): object {
  const inputSchema = { type: "object", properties: { message: { type: "string", description: "what to say" } }, required: ["message"] };
  switch (method) {
    case "initialize":
      return { result: { protocolVersion: params.protocolVersion ?? "2025-11-25", capabilities: { tools: {} }, serverInfo: { name, version: "1" } } };
    case "tools/list":
      return {
        result: {
          tools: [
            { name: "echo", description: "Says it again. Twice.", inputSchema },
            { name: "fail", title: "Always fails", inputSchema },
          ],
        },
      };
    case "tools/call":
      return params.name === "fail"
        ? { result: { content: [{ type: "text", text: "no" }], isError: true } }
        : { result: { content: [{ type: "text", text: `Echo: ${String(params.arguments?.message)}` }] } };
    default:
      return { error: { code: -32_601, message: "unknown method" } };
  }
}
