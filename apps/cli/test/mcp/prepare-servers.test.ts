import { AppError, type Event } from "@sbx/contracts";
import { describe, it } from "vitest";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { runLine, startLine } from "../support/run-line.ts";

const enableServers = async ({ servers }: { readonly servers: readonly string[] }) => await Promise.resolve({ enabled: [...servers], notes: [] });

function progress(state: string, more: Readonly<Record<string, string | number>> = {}): Event {
  return { id: 1, at: "2026-01-02T03:04:05.000Z", type: "server.progress", fields: { server: "fetch", step: "preparing fetch", state, ...more } };
}

describe("sbx mcp server enable", () => {
  it("fetches and tries what it enabled, and says how each is", async ({ expect }) => {
    const answers: Readonly<Record<string, { readonly tools?: number; readonly failed?: string; readonly lacks: string[] }>> = {
      fetch: { tools: 1, lacks: [] },
      broken: { failed: "The server ends\u001B[2J at once", lacks: [] },
      remote: { lacks: [] },
    };
    const daemon = createFakeDaemon({
      handlers: { enableServers, prepareServer: async ({ server }) => await Promise.resolve(answers[server] ?? { lacks: [] }) },
      live: [progress("started"), progress("done", { ms: 31_000 })],
    });
    const { code, out, err } = await runLine(["mcp", "server", "enable", "fetch", "broken", "remote"], { daemon });
    expect(code).toBe(0);
    expect(out).toBe("Enabled: fetch, broken, remote\n");
    expect(err).toContain("sbx: fetch is ready: 1 tool\n");
    expect(err).toContain("sbx: broken does not start: The server ends at once (what it wrote: sbx mcp logs broken)\n");
    expect(err).toContain("sbx: preparing fetch done (31.0 s)\n");
    expect(daemon.calls.filter(({ name }) => name === "prepareServer").map(({ input }) => input)).toEqual(["fetch", "broken", "remote"].map((server) => ({ profile: "default", server })));
  });

  it("keeps a server enabled that cannot be fetched, and says so", async ({ expect }) => {
    const prepareServer = async (): Promise<never> => await Promise.reject(new AppError("SERVER_FAILED", { message: "The index does not answer", fix: "Try later." }));
    const { code, err } = await runLine(["mcp", "server", "enable", "fetch"], { daemon: createFakeDaemon({ handlers: { enableServers, prepareServer } }) });
    expect(code).toBe(0);
    expect(err).toContain("sbx: fetch could not be prepared: The index does not answer (Try later.)\n");
  });

  it("only enables with --no-prepare, and can be left while it waits", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { enableServers } });
    await runLine(["mcp", "server", "enable", "--no-prepare", "fetch"], { daemon });
    expect(daemon.calls.map(({ name }) => name)).toEqual(["enableServers"]);

    const asked = Promise.withResolvers<undefined>();
    const waits = createFakeDaemon({
      handlers: {
        enableServers,
        prepareServer: async (_input, signal) => {
          asked.resolve(undefined);
          return await new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reject(signal.reason as Error);
            });
          });
        },
      },
    });
    const line = startLine(["mcp", "server", "enable", "fetch"], { daemon: waits, io: createFakeIo() });
    await asked.promise;
    line.signal("SIGINT");
    expect(await line.code).toBe(130);
    expect(line.io.errors()).toContain("what is enabled stays enabled");
  });
});
