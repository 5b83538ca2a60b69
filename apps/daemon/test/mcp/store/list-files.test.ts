import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SandboxId } from "@sbx/contracts";
import type { JsonObject, ListKey, ServerLists } from "@sbx/mcp-gateway";
import fc from "fast-check";
import { describe, it } from "vitest";
import { ListFiles, type ListFilesParts } from "../../../src/mcp/store/list-files.ts";
import { listsText, parseLists } from "../../../src/mcp/store/parse-lists.ts";
import { directory as aDirectory } from "../support/directory.ts";

const SANDBOX = SandboxId.parse("sbx_aaaaaaaa");
const OTHER = SandboxId.parse("sbx_bbbbbbbb");
const keyOf = (digit: string, owner: ListKey["owner"] = "host"): ListKey => ({ owner, server: digit.repeat(32) });

function listsOf(description: string): ServerLists {
  return { capabilities: { tools: {} }, instructions: "Use it.", tools: [{ name: "work", description, inputSchema: { type: "object" } }], prompts: [], resources: [], templates: [] };
}

/** A store, its directory, and what went wrong. */
function aStore(more: Partial<ListFilesParts> = {}) {
  const directory = more.directory ?? path.join(aDirectory(), "lists");
  const faults: unknown[] = [];
  return { directory, faults, store: new ListFiles({ directory, clean: (lists) => lists, onFault: (error) => faults.push(error), ...more }) };
}

/** A store that finds what another one wrote. */
async function written(lists: ServerLists, key: ListKey) {
  const { directory, store } = aStore();
  store.put(key, lists);
  await store[Symbol.asyncDispose]();
  return { directory, file: path.join(directory, key.owner, `${key.server}.json`) };
}

describe("kept lists", () => {
  it("are there for the next daemon, readable by their owner alone", async ({ expect }) => {
    const { directory, file } = await written(listsOf("one"), keyOf("a", SANDBOX));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
    expect(readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
    const { store } = aStore({ directory });
    expect(store.get(keyOf("a", SANDBOX))).toEqual(listsOf("one"));
    for (const other of [keyOf("a"), keyOf("a", OTHER), keyOf("b", SANDBOX)]) expect(store.get(other)).toBeUndefined();
  });

  it("are the newest, whatever was still being written", async ({ expect }) => {
    const { directory, store } = aStore();
    for (let at = 0; at < 20; at += 1) store.put(keyOf("a"), listsOf(`version ${at}`));
    expect(store.get(keyOf("a"))).toEqual(listsOf("version 19"));
    await store[Symbol.asyncDispose]();
    expect(aStore({ directory }).store.get(keyOf("a"))).toEqual(listsOf("version 19"));
  });

  it("are the same object for all who ask, so that many sessions share them", ({ expect }) => {
    const { store } = aStore();
    store.put(keyOf("a"), listsOf("one"));
    const first = store.get(keyOf("a"));
    store.put(keyOf("a"), listsOf("one"));
    expect(store.get(keyOf("a"))).toBe(first);
  });

  it("go with their sandbox, and when a daemon starts that does not know it", async ({ expect }) => {
    const { directory, store, faults } = aStore();
    for (const owner of ["host", SANDBOX, OTHER] as const) store.put(keyOf("a", owner), listsOf("one"));
    store.forget(SANDBOX);
    expect(store.get(keyOf("a", SANDBOX))).toBeUndefined();
    await store[Symbol.asyncDispose]();
    expect(readdirSync(directory).toSorted()).toEqual(["host", OTHER]);
    await store.sweep(new Set());
    expect(readdirSync(directory)).toEqual(["host"]);
    expect(faults).toEqual([]);
  });

  it("hold in a file nothing that is to be taken out", async ({ expect }) => {
    const { directory, store } = aStore({ clean: (lists) => ({ ...lists, instructions: "cleaned" }) });
    store.put(keyOf("a"), listsOf("one"));
    await store[Symbol.asyncDispose]();
    expect(readFileSync(path.join(directory, "host", `${"a".repeat(32)}.json`), "utf8")).toContain("cleaned");
  });

  it("are bounded: large ones are not kept, and the oldest of an owner go first", async ({ expect }) => {
    const { directory, store } = aStore({ limits: { fileBytes: 5000, ownerFiles: 3 } });
    const other = keyOf("f", OTHER);
    store.put(other, listsOf("another owner's"));
    for (const digit of ["a", "b", "c", "d"]) {
      store.put(keyOf(digit), listsOf(digit));
      await store[Symbol.asyncDispose]();
      utimesSync(path.join(directory, "host", `${digit.repeat(32)}.json`), 0, digit.charCodeAt(0));
    }
    store.put(keyOf("e"), listsOf("x".repeat(5000)));
    await store[Symbol.asyncDispose]();
    expect(readdirSync(path.join(directory, "host")).map((name) => name[0])).toEqual(["b", "c", "d"]);
    expect([store.get(keyOf("a")), store.get(keyOf("e"))]).toEqual([undefined, undefined]);
    expect(store.get(other)).toBeDefined();
  });

  it("give up memory and not files where they are many", async ({ expect }) => {
    const { store } = aStore({ limits: { heldBytes: 1000 } });
    for (const digit of ["a", "b", "c", "d"]) store.put(keyOf(digit), listsOf(digit.repeat(300)));
    await store[Symbol.asyncDispose]();
    for (const digit of ["a", "b", "c", "d"]) expect(store.get(keyOf(digit))).toEqual(listsOf(digit.repeat(300)));
  });
});

describe("a file of lists that is none", () => {
  const good = listsText(listsOf("one"));
  const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
  it.for([
    ["nothing", ""],
    ["half of it", good.slice(0, good.length / 2)],
    ["bytes", "\0\u0001"],
    ["another version", good.replace('"version":1', '"version":2')],
    ["more than we write", good.replace('"version":1', '"version":1,"allow":true')],
    ["tools that are no list", good.replace(/"tools":\[.*?\],"prompts"/, '"tools":{},"prompts"')],
    ["a tool that is no object", good.replace(/"tools":\[.*?\],"prompts"/, '"tools":["work"],"prompts"')],
    ["the same key twice", good.replace('"version":1', '"version":1,"version":1')],
    ["depth", good.replace('"instructions":"Use it."', `"instructions":${deep}`)],
    ["size", good + " ".repeat(3 << 20)],
  ] as const)("with %s is as good as absent, and is written anew", async ([, text], { expect }) => {
    const { directory, file } = await written(listsOf("one"), keyOf("a"));
    writeFileSync(file, text);
    const { store, faults } = aStore({ directory });
    expect(store.get(keyOf("a"))).toBeUndefined();
    store.put(keyOf("a"), listsOf("two"));
    await store[Symbol.asyncDispose]();
    expect(aStore({ directory }).store.get(keyOf("a"))).toEqual(listsOf("two"));
    expect(faults).toEqual([]);
  });

  it("leads nowhere: a link is not followed, a directory and a remnant are in nobody's way", async ({ expect }) => {
    const { directory, file } = await written(listsOf("one"), keyOf("a"));
    const elsewhere = path.join(aDirectory(), "elsewhere.json");
    writeFileSync(elsewhere, listsText(listsOf("from elsewhere")));
    rmSync(file);
    symlinkSync(elsewhere, file);
    mkdirSync(path.join(path.dirname(file), `${"b".repeat(32)}.json`));
    writeFileSync(`${file}.new`, "half");
    const { store, faults } = aStore({ directory });
    expect([store.get(keyOf("a")), store.get(keyOf("b"))]).toEqual([undefined, undefined]);
    store.put(keyOf("a"), listsOf("two"));
    await store[Symbol.asyncDispose]();
    expect(readFileSync(elsewhere, "utf8")).toContain("from elsewhere");
    expect(aStore({ directory }).store.get(keyOf("a"))).toEqual(listsOf("two"));
    expect(existsSync(`${file}.new`)).toBe(false);
    expect(faults).toEqual([]);
  });

  it("that cannot be written costs time and nothing else", async ({ expect }) => {
    const { directory, store, faults } = aStore();
    mkdirSync(path.dirname(directory), { recursive: true });
    writeFileSync(directory, "in the way");
    chmodSync(directory, 0o600);
    store.put(keyOf("a"), listsOf("one"));
    await store[Symbol.asyncDispose]();
    expect(store.get(keyOf("a"))).toEqual(listsOf("one"));
    expect(faults).toHaveLength(1);
  });

  it("is told from one that is, for any text and any lists", ({ expect }) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseLists(text)).toBeUndefined();
      }),
    );
    const definitions = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))) as fc.Arbitrary<JsonObject[]>;
    const any = fc.record({ capabilities: fc.constant({}), tools: definitions, prompts: definitions, resources: definitions, templates: definitions });
    fc.assert(
      fc.property(any, (lists) => {
        // The reader of JSON refuses this name.
        fc.pre(!JSON.stringify(lists).includes("__proto__"));
        expect(JSON.stringify(parseLists(listsText(lists)))).toBe(JSON.stringify(lists));
      }),
    );
  });

  it("is never asked for outside its directory", ({ expect }) => {
    const { store } = aStore();
    for (const key of [
      { owner: "../x" as SandboxId, server: "a".repeat(32) },
      { owner: "host" as const, server: "../../etc/passwd" },
      { owner: "host" as const, server: "" },
    ])
      expect(() => store.get(key)).toThrow();
  });
});
