import { createInterface } from "node:readline";
import { duplexPair, PassThrough } from "node:stream";
import { decodeExit, encodeFrame, FrameReader, GatewayOptions, Problem } from "@sbx/contracts";
import { describe, it } from "vitest";
import { aPersonGateway, TOKEN } from "../support/person-gateway.ts";

type Person = ReturnType<typeof aPersonGateway>;

/** The command line's end of a gateway that runs. */
async function run({ runs }: Person, options: Readonly<Record<string, unknown>>) {
  const { gateway } = await runs.open(GatewayOptions.parse(options), new AbortController().signal);
  const [ours, theirs] = duplexPair();
  const reader = new FrameReader();
  const [out, log] = [new PassThrough(), new PassThrough()];
  const end = Promise.withResolvers<{ readonly code?: number | undefined; readonly problem?: Problem }>();
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  createInterface({ input: log }).on("line", (line) => {
    lines.push(line);
    for (const [text, tell] of waiting) if (line.includes(text)) tell();
  });
  ours.on("data", (chunk: Uint8Array) => {
    for (const { type, payload } of reader.push(chunk)) {
      if (type === "stdout") out.write(payload);
      else if (type === "stderr") log.write(payload);
      else if (type === "exit") end.resolve({ code: (out.end(), decodeExit(payload)) });
      else end.resolve({ problem: Problem.parse(JSON.parse(Buffer.from(payload).toString())) });
    }
  });
  runs.attach(gateway, theirs);
  const answers = createInterface({ input: out })[Symbol.asyncIterator]();
  return {
    gateway,
    lines,
    end: end.promise,
    close: () => ours.destroy(),
    signal: () => ours.write(encodeFrame("signal", Buffer.from("SIGINT"))),
    endOfInput: () => ours.write(encodeFrame("stdin-end")),
    said: async (text: string) => {
      if (lines.some((line) => line.includes(text))) return;
      await new Promise<void>((resolve) => waiting.set(text, resolve));
    },
    say: (...messages: readonly object[]) => ours.write(encodeFrame("stdin", Buffer.from(messages.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join("")))),
    ask: async (message: object) => {
      ours.write(encodeFrame("stdin", Buffer.from(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)));
      const { value } = await answers.next();
      return JSON.parse(String(value));
    },
    rest: async () => {
      const rest: unknown[] = [];
      for (let next = await answers.next(); next.done !== true; next = await answers.next()) rest.push(JSON.parse(next.value));
      return rest;
    },
  };
}

const initialize = { id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } } };
const names = (answer: { readonly result: { readonly tools: readonly { readonly name: string }[] } }) => answer.result.tools.map(({ name }) => name);

describe("sbx mcp gateway run, in the daemon", () => {
  it("speaks the stdio transport over the command's stream, and says on the log what Docker's says", async ({ expect }) => {
    const person = aPersonGateway();
    person.store.enabled.enable(["one", "never"]);
    const gateway = await run(person, { transport: "stdio" });
    expect(await gateway.ask(initialize)).toMatchObject({ id: 1, result: { capabilities: { tools: {} } } });
    expect(names(await gateway.ask({ id: 2, method: "tools/list" }))).toEqual(expect.arrayContaining(["echo", "fail", "mcp-find", "mcp-add"]));
    expect(await gateway.ask({ id: 3, method: "tools/call", params: { name: "echo", arguments: { message: "secret words" } } })).toMatchObject({
      result: { content: [{ text: "Echo: secret words" }] },
    });
    gateway.endOfInput();
    expect(await gateway.end).toEqual({ code: 0 });
    const log = gateway.lines.join("\n");
    for (const line of [
      "- Reading configuration...",
      "- Those servers are enabled: one",
      "- Listing MCP tools...",
      "> 2 tools listed in ",
      "> Initialized in ",
      "> Start stdio server",
      "Calling tool echo of one",
    ])
      expect(log).toContain(line);
    expect(log).not.toContain("secret words");
    // It goes to a terminal, and the reason of a server that did not start is the server's.
    expect(log).toContain("Can't start never: ");
    expect(log).not.toMatch(/[^\P{Cc}\n]/u);
    expect(person.runner.running()).toBe(0);
    expect(person.faults).toEqual([]);
  });

  it("answers all that was said before the input ended", async ({ expect }) => {
    const person = aPersonGateway();
    person.store.enabled.enable(["one"]);
    const gateway = await run(person, { transport: "stdio" });
    const call = (id: number) => ({ id, method: "tools/call", params: { name: "echo", arguments: { message: `number ${id}` } } });
    gateway.say(initialize, { method: "notifications/initialized" }, { id: 2, method: "tools/list" }, call(3), call(4));
    gateway.endOfInput();
    expect(await gateway.end).toEqual({ code: 0 });
    expect(await gateway.rest()).toEqual(
      expect.arrayContaining(
        [1, 2].map((id) => expect.objectContaining({ id })).concat([3, 4].map((id) => expect.objectContaining({ id, result: { content: [{ type: "text", text: `Echo: number ${id}` }] } }))),
      ),
    );
    expect(person.faults).toEqual([]);
  });

  it("offers named servers and tools alone, without the tools that manage servers", async ({ expect }) => {
    const person = aPersonGateway();
    person.store.enabled.enable(["one"]);
    const gateway = await run(person, { transport: "stdio", servers: ["two"], tools: ["TWO:echo"] });
    await gateway.ask(initialize);
    expect(names(await gateway.ask({ id: 2, method: "tools/list" }))).toEqual(["second__echo"]);
    expect(await gateway.ask({ id: 3, method: "tools/call", params: { name: "second__fail", arguments: { message: "x" } } })).not.toHaveProperty("result.content.0.text", "no");
    gateway.close();
  });

  it("takes servers from files of the command line in place of what is enabled", async ({ expect }) => {
    const person = aPersonGateway();
    person.store.enabled.enable(["one"]);
    const gateway = await run(person, { transport: "stdio", dryRun: true, files: { registry: ["registry: {two: {ref: ''}}"], config: [], tools: ["two: [echo]"] } });
    expect(await gateway.end).toEqual({ code: 0 });
    expect(gateway.lines).toEqual(expect.arrayContaining(["- Those servers are enabled: two", expect.stringContaining("> 1 tools listed in "), "Dry run mode enabled, not starting the server."]));
  });

  it("listens on loopback for who shows the token, which is in no log, and ends with the command", async ({ expect }) => {
    const person = aPersonGateway();
    person.store.enabled.enable(["one"]);
    const gateway = await run(person, { transport: "streaming", port: 18_811 });
    await gateway.said("Gateway URL");
    expect(gateway.lines).toContain("> Gateway URL: http://localhost:18811/mcp");
    const post = async (headers: Readonly<Record<string, string>>) =>
      await fetch("http://127.0.0.1:18811/mcp", {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
        body: JSON.stringify({ jsonrpc: "2.0", ...initialize }),
      });
    expect((await post({})).status).toBe(401);
    expect((await post({ authorization: "Bearer wrong" })).status).toBe(401);
    expect((await post({ authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect((await post({ authorization: `Bearer ${TOKEN}`, origin: "https://evil.example" })).status).toBe(403);
    expect(gateway.lines.join("\n")).not.toContain(TOKEN);
    gateway.signal();
    expect(await gateway.end).toEqual({ code: 0 });
    await expect(post({ authorization: `Bearer ${TOKEN}` })).rejects.toThrow();
    expect(person.runner.running()).toBe(0);
  });

  it("refuses a port that is taken, with its number", async ({ expect }) => {
    const person = aPersonGateway();
    const first = await run(person, { transport: "streaming", port: 18_812 });
    await first.said("Gateway URL");
    const second = await run(person, { transport: "streaming", port: 18_812 });
    expect((await second.end).problem?.message).toContain("18812");
    first.close();
  });

  it("is attached once, and not by an id that was made up", async ({ expect }) => {
    const person = aPersonGateway();
    const first = await run(person, { transport: "stdio" });
    for (const id of [first.gateway, "gw_unknown"]) {
      const [ours, theirs] = duplexPair();
      const chunks: Buffer[] = [];
      ours.on("data", (chunk: Buffer) => chunks.push(chunk));
      person.runs.attach(id, theirs);
      await new Promise((resolve) => ours.once("end", resolve));
      expect(Buffer.concat(chunks).toString()).toContain("SESSION_NOT_FOUND");
    }
    first.close();
  });

  it("takes servers by the address of an image, which says what it is called", async ({ expect }) => {
    const person = aPersonGateway();
    person.engine.images.set("acme/tickets:1", "sha256:t");
    person.engine.configs.set("sha256:t", { labels: { "io.docker.server.metadata": "name: tickets" } });
    const started = await run(person, { transport: "stdio", servers: ["one", "docker://acme/tickets:1"], dryRun: true });
    expect(await started.end).toEqual({ code: 0 });
    expect(started.lines).toContain("- Those servers are enabled: one, tickets");
    expect(started.lines.join("\n")).toContain('"tickets" was put into your own catalog "my-servers"');
    expect(person.runner.started.map(({ entry }) => entry.name)).toEqual(["one", "tickets"]);
    expect(person.store.enabled.servers()).toEqual([]);
  });

  it.for([
    [{ transport: "stdio", port: 8811 }, "cannot use --port with --transport=stdio"],
    [{ transport: "stdio", servers: ["one"], allServers: true }, "cannot use --servers with --enable-all-servers"],
    [{ transport: "stdio", servers: ["nobody"] }, 'No catalog has a server "nobody"'],
    [{ transport: "stdio", profile: "nobody" }, 'There is no profile "nobody"'],
    [{ transport: "stdio", catalogs: ["nobody"] }, 'There is no catalog "nobody"'],
    [{ transport: "stdio", interceptors: ["before:exec:"] }, "cannot be used"],
    [{ transport: "stdio", files: { registry: ["registry: ["], config: [], tools: [] } }, "--registry 1:1"],
    [{ transport: "stdio", files: { registry: [], config: [], tools: ["one: echo"] } }, "--tools-config 1:1"],
  ] as const)("refuses before anything runs: %j", async ([options, message], { expect }) => {
    const person = aPersonGateway();
    await expect(person.runs.open(GatewayOptions.parse(options), new AbortController().signal)).rejects.toThrow(message);
    expect(person.runner.started).toEqual([]);
  });
});
