import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeExit, encodeFrame } from "@sbx/contracts";
import { describe, it, onTestFinished } from "vitest";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { peerOf } from "../support/fake-session.ts";
import { runLine, startLine } from "../support/run-line.ts";

function directory(): string {
  const made = mkdtempSync(path.join(tmpdir(), "sbx-mcp-cli-"));
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

const tool = { name: "echo", description: "Says it again. Twice.", inputSchema: { type: "object", properties: { message: { type: "string", description: "what" } }, required: ["message"] } };
const view = { name: "team", title: "Team", origin: "user", servers: 1, problems: [] };
const done = () => Promise.resolve({ done: true as const });

describe("sbx mcp tools", () => {
  const daemon = () =>
    createFakeDaemon({
      handlers: { listTools: () => Promise.resolve({ tools: [tool, { name: "x\u001B[2J", title: "Titled\u0007", inputSchema: {} }], failed: [{ server: "late", reason: "no\u001B[2J" }] }) },
    });

  it("lists as Docker's does, with nothing of a server that could steer the terminal", async ({ expect }) => {
    expect((await runLine(["mcp", "tools", "ls"], { daemon: daemon() })).err).toBe("sbx: late did not start: no\n");
    expect((await runLine(["mcp", "tools", "ls"], { daemon: daemon() })).out).toBe("2 tools:\n - echo - Says it again.\n - x - Titled\n");
    expect((await runLine(["mcp", "tools", "count"], { daemon: daemon() })).out).toBe("2 tools\n");
    expect(JSON.parse((await runLine(["mcp", "tools", "count", "--format=json"], { daemon: daemon() })).out)).toEqual({ count: 2 });
    expect((await runLine(["mcp", "tools", "inspect", "echo"], { daemon: daemon() })).out).toContain("  message (string, required): what\n");
    expect((await runLine(["mcp", "tools", "inspect", "none"], { daemon: daemon() })).err).toContain("tool none not found");
  });

  it("calls with values that are JSON or text, and ends with 1 when the tool failed", async ({ expect }) => {
    const calls = createFakeDaemon({ handlers: { callTool: () => Promise.resolve({ content: [{ type: "text", text: "a\u001B[31m" }, { type: "image" }], isError: true, tookMs: 2 }) } });
    const { code, out } = await runLine(["mcp", "tools", "call", "sum", "a=1", 'b={"c":[true]}', "d=x=y", "e="], { daemon: calls });
    expect({ code, out }).toEqual({ code: 1, out: "Tool call took: 2.000ms\na\n[image]\n" });
    expect(calls.calls[0]?.input).toEqual({ tool: "sum", arguments: { a: 1, b: { c: [true] }, d: "x=y", e: "" }, profile: "default" });
  });

  it("prints what a tool gave as data alone without what drives a terminal", async ({ expect }) => {
    const structuredContent = { a: "\u009B2J\u202Ex\u001B[31m" };
    const { out } = await runLine(["mcp", "tools", "call", "x"], { daemon: createFakeDaemon({ handlers: { callTool: () => Promise.resolve({ content: [], structuredContent, tookMs: 2 }) } }) });
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(out).not.toMatch(/[\u007F-\u009F\u202E\u001B]/);
    expect(JSON.parse(out.slice(out.indexOf("{")))).toEqual(structuredContent);
  });

  it.for([
    ["call", "x", "novalue"],
    ["call", "x", "=v"],
    ["ls", "--gateway-arg=--verbose"],
    ["ls", "--format=yaml"],
  ])("refuses a wrong line and asks nothing: %j", async (words, { expect }) => {
    const { code, daemon: asked } = await runLine(["mcp", "tools", ...words]);
    expect({ code, calls: asked.calls }).toEqual({ code: 2, calls: [] });
  });
});

describe("what a registry or an image says of itself", () => {
  it.for([
    [["mcp", "catalog", "pull", "registry.example.org/a/b:1"]],
    [["mcp", "catalog", "push", "registry.example.org/a/b:1"]],
    [["mcp", "profile", "server", "add", "work", "--server", "docker://a/b"]],
  ] as const)("drives no terminal: %j", async ([line], { expect }) => {
    const catalog = { name: "a", title: "A", origin: "oci:a", servers: 0, problems: [] };
    const notes = ["taken as it is\u001B[2J\u009B31m\u202E\u{E0041}\rsbx: all is well"];
    const handlers = {
      pullCatalog: () => Promise.resolve({ catalog, notes }),
      pushCatalog: () => Promise.resolve({ digest: "sha256:0", notes }),
      enableServers: () => Promise.resolve({ enabled: [], notes }),
    };
    const { err } = await runLine([...line], { daemon: createFakeDaemon({ handlers }) });
    expect(err).toBe("sbx: taken as it is sbx: all is well\n");
  });
});

describe("sbx mcp config", () => {
  it("sets, gets and takes away by path, in one call", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { editConfig: () => Promise.resolve({ a: { b: { c: 1 } } }), readConfig: () => Promise.resolve({ a: { b: { c: 1 }, list: [1] } }) } });
    expect((await runLine(["mcp", "profile", "config", "work", "--set", "a.b.c=1", "--del", "a.x"], { daemon })).out).toBe("a.b.c=1\n");
    expect(daemon.calls[0]?.input).toEqual({
      profile: "work",
      changes: [
        { server: "a", path: ["b", "c"], value: 1 },
        { server: "a", path: ["x"] },
      ],
    });
    expect((await runLine(["mcp", "config", "get"], { daemon })).out).toBe("a.b.c=1\na.list=[1]\n");
    expect((await runLine(["mcp", "config", "get", "a.__proto__.x", "a.b.c"], { daemon })).out).toBe("a.b.c=1\n");
  });

  it.for([
    ["config", "set", "a=1"],
    ["config", "set", "a.b"],
    ["config", "get", "a"],
    ["profile", "config", "w", "--set", "a.b=1", "--del", "a.b"],
  ])("refuses %j and asks nothing", async (words, { expect }) => {
    const { code, daemon } = await runLine(["mcp", ...words]);
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
  });
});

describe("sbx mcp catalog", () => {
  it("imports a file by its path and an address by itself, and tells what was left out", async ({ expect }) => {
    const at = directory();
    writeFileSync(path.join(at, "c.yaml"), "name: x\n");
    const daemon = createFakeDaemon({ handlers: { importCatalog: () => Promise.resolve({ ...view, problems: ["c.yaml:1: bad\u001B]0;x\u0007"] }) } });
    const { out, err } = await runLine(["mcp", "catalog", "import", "./c.yaml"], { daemon, cwd: at });
    expect({ out, err }).toEqual({ out: "Imported catalog team with 1 servers\n", err: "sbx: c.yaml:1: bad\n" });
    await runLine(["mcp", "catalog", "import", "https://example.org/c.yaml", "--name", "n"], { daemon });
    expect(daemon.calls.map(({ input }) => input)).toEqual([
      { origin: `file:${at}/c.yaml`, text: "name: x\n", dryRun: false },
      { origin: "https://example.org/c.yaml", name: "n", dryRun: false },
    ]);
  });

  it("prints a catalog as it is into a pipe, and on a terminal without what could drive it", async ({ expect }) => {
    const text = "# \u001B]0;title\u0007\nregistry: {}\n";
    const daemon = createFakeDaemon({ handlers: { exportCatalog: () => Promise.resolve({ text }) } });
    expect((await runLine(["mcp", "catalog", "export", "team"], { daemon })).out).toBe(text);
    expect((await runLine(["mcp", "catalog", "export", "team"], { daemon, io: createFakeIo({ terminal: true }) })).out).toBe("# \nregistry: {}\n");
  });

  it("writes no file over another one, and none for others to read", async ({ expect }) => {
    const at = directory();
    const daemon = createFakeDaemon({ handlers: { exportCatalog: () => Promise.resolve({ text: "registry: {}\n" }) } });
    expect((await runLine(["mcp", "catalog", "export", "team", "out.yaml"], { daemon, cwd: at })).code).toBe(0);
    expect(statSync(path.join(at, "out.yaml")).mode & 0o777).toBe(0o600);
    writeFileSync(path.join(at, "out.yaml"), "mine");
    expect((await runLine(["mcp", "catalog", "export", "team", "out.yaml"], { daemon, cwd: at })).code).toBe(2);
    expect(readFileSync(path.join(at, "out.yaml"), "utf8")).toBe("mine");
  });

  it("removes catalogs all at once only when that is meant", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { listCatalogs: () => Promise.resolve([{ ...view, name: "builtin", origin: "built-in" }, view]), removeCatalog: done } });
    const asked = await runLine(["mcp", "catalog", "reset"], { daemon });
    expect(asked.code).toBe(2);
    expect(asked.err).toContain("This would remove: team");
    expect((await runLine(["mcp", "catalog", "reset", "--force"], { daemon })).out).toBe("Removed catalog team\n");
    expect(daemon.calls.filter(({ name }) => name === "removeCatalog")).toEqual([{ name: "removeCatalog", input: { catalog: "team" } }]);
  });
});

describe("sbx mcp import-docker", () => {
  const daemon = (text = "") =>
    createFakeDaemon({ handlers: { readStateFile: () => Promise.resolve({ text }), importCatalog: () => Promise.resolve(view), writeStateFiles: done, listServers: () => Promise.resolve([]) } });

  function docker(): string {
    const at = directory();
    mkdirSync(path.join(at, "catalogs"));
    writeFileSync(path.join(at, "catalogs/docker-mcp.yaml"), "registry: {}\n");
    writeFileSync(path.join(at, "registry.yaml"), "registry: {fetch: {ref: ''}}\n");
    writeFileSync(path.join(at, "config.yaml"), "");
    return at;
  }

  it("takes over every file that is there, and changes nothing at its origin", async ({ expect }) => {
    const at = docker();
    const taken = daemon();
    expect((await runLine(["mcp", "import-docker", at], { daemon: taken })).code).toBe(0);
    expect(taken.calls.filter(({ name }) => name !== "readStateFile").map(({ name, input }) => [name, input])).toEqual([
      ["importCatalog", { origin: `file:${at}/catalogs/docker-mcp.yaml`, text: "registry: {}\n", name: "docker-mcp", dryRun: false }],
      ["writeStateFiles", { registry: "registry: {fetch: {ref: ''}}\n", config: "" }],
      ["listServers", { profile: "default" }],
    ]);
    expect(readFileSync(path.join(at, "registry.yaml"), "utf8")).toContain("fetch");
  });

  it("replaces nothing that is here already, and writes nothing when only asked what it would do", async ({ expect }) => {
    const at = docker();
    const full = daemon("registry: {time: {}}\n");
    expect((await runLine(["mcp", "import-docker", at], { daemon: full })).err).toContain("code: NAME_TAKEN");
    expect(full.calls.some(({ name }) => name !== "readStateFile")).toBe(false);
    const dry = daemon();
    await runLine(["mcp", "import-docker", at, "--dry-run"], { daemon: dry });
    expect(dry.calls.map(({ name }) => name)).not.toContain("writeStateFiles");
    expect((await runLine(["mcp", "import-docker", directory()])).code).toBe(2);
  });
});

describe("sbx mcp gateway run", () => {
  const gateway = (act: (stream: Parameters<typeof peerOf>[0]) => void) =>
    createFakeDaemon({ handlers: { openGateway: () => Promise.resolve({ gateway: "gw_1" }), readStateFile: ({ file }) => Promise.resolve({ text: `${file}: {}\n` }) }, onAttach: act });

  it("carries what a client says to the daemon and back, and ends with its input", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    const daemon = gateway((stream) => {
      const peer = peerOf(stream);
      stream.on("data", () => {
        if (peer.frames.at(-1)?.type === "stdin") peer.say("stdout", '{"id":1}\n');
        if (peer.frames.at(-1)?.type === "stdin-end") stream.end(encodeFrame("exit", encodeExit(0)));
      });
      peer.say("stderr", "> Start stdio server\n");
    });
    const line = startLine(["mcp", "gateway", "run"], { io, daemon });
    io.input.end('{"id":1,"method":"ping"}\n');
    expect(await line.code).toBe(0);
    expect([io.output(), io.errors()]).toEqual(['{"id":1}\n', "> Start stdio server\n"]);
    expect(daemon.calls[0]?.input).toMatchObject({ transport: "stdio", logCalls: true, blockSecrets: true, tools: [] });
  });

  it("sends the token of the environment to the daemon alone, and the files that were named", async ({ expect }) => {
    const at = directory();
    writeFileSync(path.join(at, "r.yaml"), "registry: {}\n");
    const daemon = gateway((stream) => stream.end(encodeFrame("exit", encodeExit(0))));
    const line = ["mcp", "gateway", "run", "--transport=http", "--port=9000", "--registry", "r.yaml", "--servers=a,b", "--servers", "c", "--log-calls=false"];
    const { out, err } = await runLine(line, { daemon, cwd: at, env: { MCP_GATEWAY_AUTH_TOKEN: "my-token" } });
    expect(out + err).not.toContain("my-token");
    expect(daemon.calls.at(-1)?.input).toMatchObject({
      transport: "streaming",
      port: 9000,
      token: "my-token",
      servers: ["a", "b", "c"],
      logCalls: false,
      files: { registry: ["registry: {}\n"], config: ["config: {}\n"], tools: ["tools: {}\n"] },
    });
  });

  it("passes Ctrl-C on and ends with 130", async ({ expect }) => {
    const daemon = gateway((stream) => {
      const peer = peerOf(stream);
      stream.on("data", () => {
        if (peer.frames.at(-1)?.type === "signal") stream.end(encodeFrame("exit", encodeExit(0)));
      });
      peer.say("stderr", "> up\n");
    });
    const line = startLine(["mcp", "gateway", "run", "--transport=streaming"], { daemon });
    await new Promise((resolve) => line.io.stderr.once("data", resolve));
    line.signal("SIGINT");
    expect(await line.code).toBe(130);
  });

  it("says so when the daemon ends under it", async ({ expect }) => {
    const { code, err } = await runLine(["mcp", "gateway", "run", "--transport=streaming"], { daemon: gateway((stream) => stream.destroy()) });
    expect(code).toBe(125);
    expect(err).toContain("code: DAEMON_UNREACHABLE");
  });

  it.for(["--host=0.0.0.0", "--host=::", "--host=", "--host=192.168.0.1", "--catalog=https://example.org/c.yaml", "--catalog=./c.yaml", "--transport=carrier-pigeon"])(
    "starts nothing for %s",
    async (flag, { expect }) => {
      const { code, daemon } = await runLine(["mcp", "gateway", "run", "--transport=streaming", flag]);
      expect(code).toBe(2);
      expect(daemon.calls.filter(({ name }) => name === "openGateway")).toEqual([]);
    },
  );

  it("prints the token for a person who asks, that of the environment first", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { gatewayToken: () => Promise.resolve({ token: "kept" }) } });
    expect((await runLine(["mcp", "gateway", "token"], { daemon })).out).toBe("kept\n");
    expect((await runLine(["mcp", "gateway", "token"], { daemon, env: { MCP_GATEWAY_AUTH_TOKEN: "own" } })).out).toBe("own\n");
  });
});
