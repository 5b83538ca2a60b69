import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { test as base } from "vitest";
import { ByteBudget } from "../../src/byte-budget.ts";
import { createSecretFinder } from "../../src/interceptors/find-secrets.ts";
import { SECRET_RULES } from "../../src/interceptors/secret-rules.ts";
import { cleanLarge, withoutSecrets } from "../../src/large/clean-large.ts";
import { LargeText } from "../../src/large/large-text.ts";
import { Spool } from "../../src/large/spool.ts";

const find = createSecretFinder();
const SECRET = `ghp_${"a1B2".repeat(9)}`;
const test = base.extend<{ large: (text: string) => LargeText }>({
  large: async ({}, use) => {
    const directory = await mkdtemp(path.join(tmpdir(), "sbx-clean-"));
    await using spool = new Spool(directory, new ByteBudget(1 << 30));
    await use((text) => {
      const spooled = spool.begin();
      for (let at = 0; at < text.length; at += 65_536) spooled.append(text.slice(at, at + 65_536));
      return new LargeText(spooled);
    });
    await rm(directory, { recursive: true });
  },
});
const whole = async (pieces: AsyncIterable<string>): Promise<string> => {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
};

test("secrets are found wherever pieces part them", async ({ expect }) => {
  const places = fc.array(fc.nat({ max: 1_500_000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(places, fc.integer({ min: 1000, max: 200_000 }), async (at, size) => {
      const sorted = at.toSorted((one, other) => one - other);
      const text = sorted.map((place, index) => `${". ".repeat((place - (sorted[index - 1] ?? 0)) >> 1)} ${SECRET} `).join("");
      async function* pieces(): AsyncGenerator<string, void, undefined> {
        for (let from = 0; from < text.length; from += size) yield await Promise.resolve(text.slice(from, from + size));
      }
      const rules: string[] = [];
      const clean = await whole(withoutSecrets(find, (rule) => rules.push(rule))(pieces()));
      expect(rules).toHaveLength(at.length);
      expect(clean).toBe(text.replaceAll(SECRET, "[secret removed: github-token]"));
    }),
    { numRuns: 20 },
  );
});

test("secrets are found in the smallest pieces, too, and in pieces of many sizes", async ({ expect }) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 700 }), fc.nat({ max: 700 }), sizes, async (before, between, cycle) => {
      const text = `${" ".repeat(before)}${SECRET}${" ".repeat(between + 1)}${SECRET} end`;
      async function* pieces(): AsyncGenerator<string, void, undefined> {
        for (let from = 0, turn = 0; from < text.length; turn += 1) {
          const to = from + (cycle[turn % cycle.length] ?? 1);
          yield await Promise.resolve(text.slice(from, to));
          from = to;
        }
      }
      expect(await whole(withoutSecrets(find, () => undefined)(pieces()))).toBe(text.replaceAll(SECRET, "[secret removed: github-token]"));
    }),
    { numRuns: 300 },
  );
});

test("a large text without secrets stays as it is", async ({ expect, large }) => {
  expect(await cleanLarge(large("no secret ".repeat(200_000)), find, { encoded: false })).toBeUndefined();
});

test("a large text loses its secrets and nothing else", async ({ expect, large }) => {
  const text = `${"x ".repeat(400_000)}${SECRET}${" y".repeat(400_000)}`;
  const clean = await cleanLarge(large(text), find, { encoded: false });
  expect(clean?.rules).toEqual(["github-token"]);
  expect(clean === undefined ? "" : await whole(clean.text.read())).toBe(text.replace(SECRET, "[secret removed: github-token]"));
});

test("large bytes lose the secrets that are in them", async ({ expect, large }) => {
  const bytes = `${"x ".repeat(300_001)}${SECRET}${" y".repeat(400_000)}`;
  const clean = await cleanLarge(large(Buffer.from(bytes).toString("base64")), find, { encoded: true });
  expect(clean?.rules).toEqual(["github-token"]);
  expect(Buffer.from(clean === undefined ? "" : await whole(clean.text.read()), "base64").toString()).toBe(bytes.replace(SECRET, "[secret removed: github-token]"));
});

test("a key without an end loses all of its body, however many pieces that has", async ({ expect, large }) => {
  const body = `${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj".repeat(2)}\n`.repeat(1500);
  const text = `${"x ".repeat(100_000)}-----BEGIN PRIVATE KEY-----\n${body}`;
  const clean = await cleanLarge(large(text), find, { encoded: false });
  expect(clean?.rules).toEqual(["private-key"]);
  const left = clean === undefined ? "" : await whole(clean.text.read());
  expect(left).toContain("[secret removed: private-key]");
  expect(left).not.toContain("MIIEvQ");
});

test("what begins as a secret and is none stays, in bounded time", async ({ expect, large }) => {
  const text = `${"sk-ghp_eyJ SK AKIA -----BEGIN PRIVATE KEY----- ".repeat(80_000)}end`;
  expect(await cleanLarge(large(text), find, { encoded: false })).toBeUndefined();
});

test("no secret begins with more than is held back", ({ expect }) => {
  expect(Math.max(...SECRET_RULES.flatMap(({ starts }) => starts.map(({ length }) => length)))).toBeLessThan(60);
});
