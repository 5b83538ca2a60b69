import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test as base } from "vitest";
import { createInterceptors, type GatewayOptions } from "../../src/index.ts";
import { nextMessage, eventsOf, RawClient } from "../support/http-client.ts";
import { LineClient } from "../support/line-client.ts";
import { withTools, type Handle, type ScriptedServer } from "../support/scripted-server.ts";
import { aSandbox, aWorld, type World } from "../support/world.ts";

const SECRET = `ghp_${"a1B2".repeat(9)}`;
const TEXT = 'éinige "Worte" und\n€ 😀 '.repeat(80_000);
const PART = 50_000;

interface Way {
  readonly world: World;
  readonly client: RawClient;
  readonly directory: string;
}

/** A gateway with one server, whose calls are answered by this, and a client over HTTP. */
const test = base.extend<{ way: (call: Handle, more?: Partial<GatewayOptions>) => Promise<Way> }>({
  way: async ({}, use) => {
    const scope = new AsyncDisposableStack();
    await use(async (call, more = {}) => {
      const directory = await mkdtemp(path.join(tmpdir(), "sbx-large-"));
      scope.defer(() => rm(directory, { recursive: true }));
      const world = scope.use(aWorld({ servers: { s: () => ({ ...withTools("work", "small"), "tools/call": call }) }, asideDirectory: directory, ...more }));
      const client = new RawClient(await world.serve(aSandbox()), "host.docker.internal");
      await client.initialize();
      return { world, client, directory };
    });
    await scope.disposeAsync();
  },
});

/** Says an answer in parts, as a pipe would bring it. */
function sayParts(server: ScriptedServer, line: string): undefined {
  const bytes = Buffer.from(`${line}\n`);
  for (let at = 0; at < bytes.length; at += PART) server.stdout.write(bytes.subarray(at, at + PART));
  return undefined;
}

const answerOf = (id: unknown, content: unknown): string => JSON.stringify({ jsonrpc: "2.0", id, result: { content, _meta: { kept: true } } });

test("a large result comes through whole, under the client's own id", { timeout: 60_000 }, async ({ expect, way }) => {
  const { client, world, directory } = await way((_params, server, id) =>
    sayParts(
      server,
      answerOf(id, [
        { type: "text", text: TEXT },
        { type: "text", text: "after" },
      ]),
    ),
  );
  const { json, status } = await client.call("work", {}, "mine");
  expect(status).toBe(200);
  expect(json.id).toBe("mine");
  expect(json.result.content[0].text === TEXT).toBe(true);
  expect([json.result.content[1].text, json.result._meta]).toEqual(["after", { kept: true }]);
  expect(await readdir(directory)).toEqual([]);
  expect(world.faults).toEqual([]);
});

test("a large result ends the stream of its request, after progress", { timeout: 60_000 }, async ({ expect, way }) => {
  const { client } = await way((params, server, id) => {
    server.notify("notifications/progress", { progressToken: (params["_meta"] as { progressToken: number }).progressToken, progress: 1 });
    return sayParts(server, answerOf(id, [{ type: "text", text: TEXT }]));
  });
  const response = await client.open({ body: JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "work", arguments: {}, _meta: { progressToken: "p" } } }) });
  const events = eventsOf(response);
  expect((await nextMessage(events)).message.method).toBe("notifications/progress");
  const { message } = await nextMessage(events);
  expect([message.id, message.result.content[0].text === TEXT]).toEqual([7, true]);
  expect((await events.next()).done).toBe(true);
});

test("a client on a stream of lines gets it, too, and what comes meanwhile after it", async ({ expect, way }) => {
  const { world } = await way((params, server, id) => (params["name"] === "work" ? sayParts(server, answerOf(id, [{ type: "text", text: TEXT }])) : { content: [{ type: "text", text: "small" }] }));
  await using client = await LineClient.connect(world, aSandbox("b"));
  const [large, small] = await Promise.all([client.text("work"), client.text("small")]);
  expect([large === TEXT, small]).toEqual([true, "small"]);
});

test("a client that does not read holds up nobody", { timeout: 60_000 }, async ({ expect, way }) => {
  const { client } = await way((params, server, id) =>
    params["name"] === "work" ? sayParts(server, answerOf(id, [{ type: "text", text: TEXT.repeat(4) }])) : { content: [{ type: "text", text: "small" }] },
  );
  const unread = await client.open({ body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "work", arguments: {} } }) });
  expect((await client.call("small", {}, 2)).json.result.content[0].text).toBe("small");
  unread.destroy();
  await once(unread, "close");
  expect((await client.call("small", {}, 3)).json.result.content[0].text).toBe("small");
});

test("secrets in it are taken out, and its reader is told", { timeout: 60_000 }, async ({ expect, way }) => {
  const { client } = await way((_params, server, id) => sayParts(server, answerOf(id, [{ type: "text", text: `${TEXT}${SECRET}${TEXT}` }])), {
    interceptors: createInterceptors({ blockSecrets: true, env: {} }),
  });
  const { text, json } = await client.call("work");
  expect(text.includes(SECRET)).toBe(false);
  expect(json.result.content[0].text === `${TEXT}[secret removed: github-token]${TEXT}`).toBe(true);
  expect(json.result.content[1].text).toContain("a secret was removed");
});

test("what a hook of the person's has to see is held whole for it", async ({ expect, way }) => {
  const seen: unknown[] = [];
  const { client } = await way((_params, server, id) => sayParts(server, answerOf(id, [{ type: "text", text: TEXT }])), {
    interceptors: [
      {
        around: async (call, { next }) => {
          const result = await next(call);
          seen.push(result.content[0]?.["text"]);
          return result;
        },
      },
    ],
  });
  const { json } = await client.call("work");
  expect([json.result.content[0].text === TEXT, seen[0] === TEXT]).toEqual([true, true]);
});

const broken: Readonly<Record<string, (id: unknown) => string | Buffer>> = {
  "cut off": (id) => answerOf(id, [{ type: "text", text: TEXT }]).slice(0, -20),
  "with a name that occurs twice": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":{"content":[{"type":"text","text":"safe","text":${JSON.stringify(TEXT)}}]}}`,
  "with a name that occurs twice after the large text": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":{"content":[{"type":"text","text":${JSON.stringify(TEXT)}}],"content":[]}}`,
  "with a second id after the large text": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":{"content":[{"type":"text","text":${JSON.stringify(TEXT)}}]},"id":1}`,
  "that is nested too deep": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":{"content":[${JSON.stringify(TEXT)}],"x":${"[".repeat(200)}${"]".repeat(200)}}}`,
  "with a number of a million digits": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":{"content":[],"x":${"1".repeat(1_500_000)}}}`,
  "of more values than can be held": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":{"content":[],"x":[${"0,".repeat(900_000)}0]}}`,
  "with bytes that are no UTF-8": (id) => {
    const bytes = Buffer.from(answerOf(id, [{ type: "text", text: TEXT }]));
    bytes[1_000_000] = 0xff;
    return bytes;
  },
  "whose character is cut off by the end of its text": (id) => {
    const bytes = Buffer.from(answerOf(id, [{ type: "text", text: `${TEXT}X` }]));
    bytes[bytes.lastIndexOf("X")] = 0xe2;
    return bytes;
  },
  "with something after it": (id) => `${answerOf(id, [{ type: "text", text: TEXT }])}{"jsonrpc":"2.0"}`,
  "larger than a result may be": (id) => answerOf(id, [{ type: "text", text: TEXT.repeat(3) }]),
  "that is a question, and no result": () => `{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"messages":[${JSON.stringify(TEXT)}]}}`,
  "whose result is a text": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":${JSON.stringify(TEXT)}}`,
  "whose content is a text": (id) => `{"jsonrpc":"2.0","id":${String(id)},"result":{"content":${JSON.stringify(TEXT)}}}`,
  "whose type is a large text": (id) => answerOf(id, [{ type: TEXT, text: "x" }]),
};
for (const [what, line] of Object.entries(broken)) {
  test(`an answer ${what} reaches nobody, and the next call is answered`, { timeout: 60_000 }, async ({ expect, way }) => {
    let calls = 0;
    const { client, directory, world } = await way(
      (_params, server, id) => {
        calls += 1;
        if (calls > 1) return { content: [{ type: "text", text: "small" }] };
        const bytes = Buffer.concat([Buffer.from(line(id)), Buffer.from("\n")]);
        for (let at = 0; at < bytes.length; at += PART) server.stdout.write(bytes.subarray(at, at + PART));
        // Its own answer may be missing: the question above is none.
        if (what.startsWith("that is a question")) return { content: [{ type: "text", text: "asked" }], isError: true };
        return undefined;
      },
      { limits: { largeBytes: 5 << 20, messageBytes: 8 << 20 } },
    );
    const { json, text } = await client.call("work", {}, 5);
    expect(json.id).toBe(5);
    expect(json.error !== undefined || json.result.isError === true).toBe(true);
    expect(text.length).toBeLessThan(10_000);
    expect(text).not.toContain("Worte");
    expect((await client.call("small", {}, 6)).json.result.content[0].text).toBe("small");
    await expect.poll(() => readdir(directory), { timeout: 20_000 }).toEqual([]);
    expect(world.faults).toEqual([]);
  });
}

test("a list that is too large is not held back for others: it is refused", async ({ expect, way }) => {
  const { world } = await way(() => ({ content: [] }), {
    limits: { messageBytes: 1_200_000, listWaitMs: 2000 },
    servers: { s: () => ({ "tools/list": () => ({ tools: [{ name: "t", description: TEXT, inputSchema: { type: "object" } }] }) }) },
  } as Partial<GatewayOptions>);
  const client = new RawClient(await world.serve(aSandbox("c")), "host.docker.internal");
  await client.initialize();
  expect((await client.send({ jsonrpc: "2.0", id: 1, method: "tools/list" })).text).not.toContain("Worte");
});
