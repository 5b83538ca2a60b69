import fc from "fast-check";
import { describe, it } from "vitest";
import { blockSecrets } from "../../src/interceptors/block-secrets.ts";
import { createSecretFinder } from "../../src/interceptors/find-secrets.ts";
import { redact } from "../../src/interceptors/redact.ts";
import type { ToolResult } from "../../src/interceptors/tool-call.ts";
import { aCall, interceptors, pass, text } from "./interception.ts";
import { SAMPLES } from "./secret-samples.ts";

const find = createSecretFinder();
const aSecret = (kind = "github-token"): string => SAMPLES[kind]?.() ?? "";
const guard = [blockSecrets()];

describe("a secret in arguments", () => {
  it.for(Object.entries(SAMPLES))("of kind %s keeps the call from its server, and is told to nobody", async ([title, make], { expect }) => {
    const secret = make();
    const { result, reached } = await pass(guard, aCall({ body: `x ${secret}` }), async () => text("done"));
    expect(reached).toEqual([]);
    expect(result.isError).toBe(true);
    expect(result.content[0]?.["text"]).toContain(`(${title.split(" ", 1)[0]} in body)`);
    expect(JSON.stringify(result)).not.toContain(JSON.stringify(secret).slice(1, -1));
  });

  it("is found at any depth, in names and beside the arguments", async ({ expect }) => {
    const secret = aSecret();
    for (const args of [{ a: [{ b: { c: [1, secret] } }] }, { [secret]: 1 }, { a: { [secret]: { b: secret } } }, JSON.parse(`{"__proto__": {"x": "${secret}"}}`) as Record<string, unknown>]) {
      const { result, reached } = await pass(guard, aCall(args), async () => text("done"));
      expect(reached).toEqual([]);
      expect(JSON.stringify(result)).not.toContain(secret);
    }
    const { reached } = await pass(guard, { ...aCall(), _meta: { token: secret } }, async () => text("done"));
    expect(reached).toEqual([]);
  });
});

describe("a secret in a result", () => {
  const secret = aSecret();
  const blob = Buffer.from(`before\n${secret}\nafter ü`).toString("base64");
  const result: ToolResult = {
    content: [
      { type: "text", text: `one ${secret} two`, annotations: { note: secret } },
      { type: "resource", resource: { uri: `file:///x?${secret}`, text: secret } },
      { type: "resource", resource: { uri: "file:///y", mimeType: "text/plain", blob } },
      { type: "resource_link", uri: "file:///z", name: secret, description: secret },
      { type: "image", data: "iVBORw0KGgo=", mimeType: "image/png" },
    ],
    structuredContent: { deep: [{ [secret]: secret }], count: 3, none: null },
    _meta: { trace: secret },
    isError: true,
  };

  it("is taken out of every part, and nothing else is", async ({ expect }) => {
    const before = structuredClone(result);
    const passed = await pass(guard, aCall(), async () => result);
    const mark = "[secret removed: github-token]";
    expect(passed.result).toEqual({
      content: [
        { type: "text", text: `one ${mark} two`, annotations: { note: mark } },
        { type: "resource", resource: { uri: `file:///x?${mark}`, text: mark } },
        { type: "resource", resource: { uri: "file:///y", mimeType: "text/plain", blob: Buffer.from(`before\n${mark}\nafter ü`).toString("base64") } },
        { type: "resource_link", uri: "file:///z", name: mark, description: mark },
        { type: "image", data: "iVBORw0KGgo=", mimeType: "image/png" },
        { type: "text", text: "Note: 10 secrets were removed from this result (github-token)." },
      ],
      structuredContent: { deep: [{ [mark]: mark }], count: 3, none: null },
      _meta: { trace: mark },
      isError: true,
    });
    expect(result).toEqual(before);
  });

  it("is all that a result loses: without one it is the same", async ({ expect }) => {
    const plain = text("nothing here");
    expect((await pass(guard, aCall(), async () => plain)).result).toBe(plain);
  });

  it("is taken out of prompts and resources", ({ expect }) => {
    const prompt = { messages: [{ role: "user", content: { type: "text", text: secret } }] };
    expect(JSON.stringify(blockSecrets(find).answer?.(prompt))).not.toContain(secret);
    const clean = { contents: [{ uri: "x", text: "y" }] };
    expect(blockSecrets(find).answer?.(clean)).toBe(clean);
  });

  it("is not shown at a depth at which nobody looks", ({ expect }) => {
    let deep: unknown = secret;
    for (let at = 0; at < 300; at += 1) deep = [deep];
    expect(JSON.stringify(redact(deep, find).value)).not.toContain(secret);
  });

  it("never survives, and values without one are as they were", ({ expect }) => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(...Object.keys(SAMPLES)), (value, kind) => {
        expect(redact(value, find).value).toEqual(value);
        const hidden = aSecret(kind);
        expect(JSON.stringify(redact([value, { value, [`k ${hidden}`]: `a ${hidden}` }], find).value)).not.toContain(JSON.stringify(hidden).slice(1, -1));
      }),
    );
  });
});

describe("the guard among other interceptors", () => {
  it("keeps the result's secrets from hooks, and the hooks' own from the caller", async ({ expect }) => {
    const secret = aSecret();
    const hook = `after:exec:input=$(cat); case "$input" in *${secret}*) seen=yes;; *) seen=no;; esac; printf '{"content":[{"type":"text","text":"%s %s"}]}' "$seen" ghp_${"b".repeat(36)}`;
    const { result } = await pass(interceptors([hook], { blockSecrets: true }), aCall(), async () => text(secret));
    expect(result.content[0]?.["text"]).toBe("no [secret removed: github-token]");
  });

  it("looks at what a hook answers in the server's place", async ({ expect }) => {
    const { result, reached } = await pass(interceptors([`before:exec:printf '{"content":[{"type":"text","text":"%s"}]}' ghp_${"b".repeat(36)}`], { blockSecrets: true }), aCall(), async () =>
      text("x"),
    );
    expect(reached).toEqual([]);
    expect(result.content[0]?.["text"]).toBe("[secret removed: github-token]");
  });

  it("is there only when it is wanted", async ({ expect }) => {
    const secret = aSecret();
    expect((await pass(interceptors([]), aCall({ secret }), async () => text(secret))).result).toEqual(text(secret));
  });
});
