import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openEditor, type Editor } from "../src/open-editor.ts";
import { openHost, patiently, type Host } from "../src/open-host.ts";

/** A small agent of the protocol, which says what it was started with, sends lines back, and asks for what it must not have. */
const ADAPTER = String.raw`
import { isatty } from "node:tty";
const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
const answers = {
  initialize: ({ clientCapabilities }) => ({ protocolVersion: 1, clientCapabilities, cwd: process.cwd(), uid: process.getuid(), words: process.argv.slice(2), terminals: [0, 1, 2].map((fd) => isatty(fd)), env: process.env }),
  "session/prompt": ({ text, times = 1 }) => ({ text: text.repeat(times) }),
  "session/ask": ({ method, path }) => (say({ id: "mine", method, params: { path, command: "touch", args: [path] } }), {}),
  "session/words": ({ text }) => (process.stdout.write(text), process.stderr.write("on stderr\n"), {}),
};
let held = Buffer.alloc(0);
process.stdin.on("data", (chunk) => {
  held = Buffer.concat([held, chunk]);
  for (let at = held.indexOf(10); at !== -1; at = held.indexOf(10)) {
    const line = held.subarray(0, at);
    held = held.subarray(at + 1);
    let message;
    try { message = JSON.parse(line.toString("utf8")); } catch {}
    if (message?.method === undefined) say({ method: "session/update", params: { hex: line.toString("hex") } });
    else say({ id: message.id, result: answers[message.method](message.params) });
  }
}).on("end", () => process.exit(9));
`;

let host: Host;
let cwd: string;
let kit: string;
const editors: Editor[] = [];
beforeAll(async () => {
  host = openHost({ SBX_KEEP_READY: "no" });
  cwd = await host.project("desk", 1234);
  kit = path.join(host.home, "kits", "adapter");
  mkdirSync(kit, { recursive: true });
  writeFileSync(path.join(kit, "adapter.mjs"), ADAPTER);
  writeFileSync(path.join(kit, "kit.dockerfile"), "FROM scratch\nENV OF_IMAGE=image\nCOPY adapter.mjs /opt/adapter/adapter.mjs\n");
  const acp = (agent: string) => `{ type: com.docker.sandbox/acp@1, config: { agent: ${agent}, command: [node, /opt/adapter/adapter.mjs, --acp], env: { OF_KIT: kit, EMPTY: '' } } }`;
  writeFileSync(path.join(kit, "kit.yaml"), `schemaVersion: "3"\nkind: mixin\ncapabilities:\n  - ${acp("dev.sbx/shell")}\n  - ${acp("nobody")}\n`);
}, 600_000);
afterAll(async () => {
  for (const { child } of editors) child.kill("SIGKILL");
  await host[Symbol.asyncDispose]();
}, 60_000);

function open(...more: readonly string[]): Editor {
  const editor = openEditor(host, ["acp", "--name", "box", "--kit", kit, ...more, "shell"], cwd);
  editors.push(editor);
  return editor;
}

/** How many programs of Node run in the sandbox. */
const running = async (): Promise<number> => Number((await host.sbx(["exec", "box", "sh", "-c", "readlink /proc/[0-9]*/exe | grep -c /node$"])).stdout.trim());
const INITIALIZE = '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":true,"writeTextFile":true},"terminal":true}}}\n';

describe("an editor over the Agent Client Protocol", () => {
  it("makes the sandbox, starts the agent in it as its user, and hears the agent alone", { timeout: 900_000 }, async ({ expect }) => {
    const editor = open("-e", "OF_PERSON=person");
    editor.send(INITIALIZE);
    expect(await editor.next()).toMatchObject({
      id: 0,
      result: {
        protocolVersion: 1,
        clientCapabilities: {},
        cwd,
        uid: 1234,
        words: ["--acp"],
        terminals: [false, false, false],
        env: { OF_KIT: "kit", EMPTY: "", OF_IMAGE: "image", OF_PERSON: "person", WORKSPACE_DIR: cwd, HOME: "/home/agent", MCP_GATEWAY_URL: "http://host.docker.internal:8811/mcp" },
      },
    });
    editor.end();
    expect(await editor.ended).toBe(9);
    expect(editor.stdout().toString("utf8").split("\n")).toHaveLength(2);
    expect((await host.sandboxes()).map(({ name }) => name)).toEqual(["box"]);
    expect((await host.events()).find(({ type }) => type === "session.started")?.fields).toMatchObject({ kind: "agent", mode: "streams", command: "node" });
  });

  it("sends bytes as they are and gets messages as they are, several agents at once in one sandbox", { timeout: 300_000 }, async ({ expect }) => {
    const [one, two] = [open("-q"), open("-q")];
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10));
    for (const editor of [one, two]) {
      editor.send(bytes);
      editor.send("\n");
    }
    for (const editor of [one, two]) expect(await editor.next()).toEqual({ jsonrpc: "2.0", method: "session/update", params: { hex: bytes.toString("hex") } });
    expect(await running()).toBe(2);
    const text = "grüß 🦊 \u0000\u001B[31m\u2028\u007F";
    one.send(`${JSON.stringify({ jsonrpc: "2.0", id: "a", method: "session/prompt", params: { text, times: 100_000 } })}\n`);
    two.send(`${JSON.stringify({ jsonrpc: "2.0", id: "b", method: "session/prompt", params: { text: "two" } })}\n`);
    expect(await two.next()).toEqual({ jsonrpc: "2.0", id: "b", result: { text: "two" } });
    const large = await one.next();
    expect(JSON.stringify(large) === JSON.stringify({ jsonrpc: "2.0", id: "a", result: { text: text.repeat(100_000) } })).toBe(true);
    one.end();
    expect(await one.ended).toBe(9);
    two.send(INITIALIZE);
    expect(await two.next()).toMatchObject({ id: 0 });
    two.end();
    expect([await two.ended, one.stderr(), two.stderr()]).toEqual([9, "", ""]);
  });

  it("is asked for nothing of its machine, and gets no words for messages", { timeout: 300_000 }, async ({ expect }) => {
    const editor = open("-q");
    const planted = path.join(host.home, "planted");
    for (const method of ["fs/read_text_file", "fs/write_text_file", "terminal/create", "_editor/run"]) {
      editor.send(`${JSON.stringify({ id: method, method: "session/ask", params: { method, path: planted } })}\n`);
      // The agent sends back the answer to its own request, as any line that asks for nothing.
      const seen = [await editor.next(), await editor.next()];
      expect(seen[0]).toEqual({ jsonrpc: "2.0", id: method, result: {} });
      expect(JSON.stringify(seen[1])).toContain(Buffer.from('"id":"mine","error":{"code":-32601').toString("hex"));
    }
    editor.send(`${JSON.stringify({ id: 1, method: "session/words", params: { text: 'Welcome\n{"id":1}{"id":2,"method":"terminal/create"}\n' } })}\n`);
    expect(await editor.next()).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    editor.end();
    expect(await editor.ended).toBe(9);
    for (const text of ["Welcome", 'terminal/create","params', planted]) expect(editor.stdout().includes(text), text).toBe(false);
    for (const text of ["Welcome\n", "on stderr\n", 'asked the editor for "terminal/create"']) expect(editor.stderr()).toContain(text);
    expect(existsSync(planted)).toBe(false);
  });

  it("takes its agent with it: by a signal, and when it dies without a word", { timeout: 300_000 }, async ({ expect }) => {
    const [polite, dead] = [open("-q"), open("-q")];
    for (const editor of [polite, dead]) {
      editor.send(INITIALIZE);
      await editor.next();
    }
    expect(await running()).toBe(2);
    polite.child.kill("SIGTERM");
    expect(await polite.ended).toBe(143);
    dead.child.kill("SIGKILL");
    expect(await patiently(30_000, async () => (await running()) === 0)).toBe(true);
  });

  it("is told when no Kit starts the agent so, and nothing is made", { timeout: 300_000 }, async ({ expect }) => {
    const before = await host.remains();
    const refused = await host.sbx(["acp", "--name", "other", "shell"], { cwd });
    expect([refused.code, refused.stdout]).toEqual([125, ""]);
    expect(refused.stderr).toContain("code: ACP_UNAVAILABLE");
    const nobody = await host.sbx(["acp", "--name", "box", "--kit", kit, "--agent-name", "nobody", "shell"], { cwd });
    expect([nobody.code, nobody.stdout]).toEqual([125, ""]);
    expect(nobody.stderr).toContain("code: ACP_UNAVAILABLE");
    expect(await host.remains()).toEqual(before);
  });
});
