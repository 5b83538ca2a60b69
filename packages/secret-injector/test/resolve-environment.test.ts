import fc from "fast-check";
import { describe, it } from "vitest";
import { resolveServerEnvironment, Secret, type OpenValue, type SecretLookup } from "../src/index.ts";

const text = (value: string) => ({ kind: "text", text: value }) as const;
const secret = (name: string, env = name.toUpperCase()) => ({ kind: "secret", secret: name, env }) as const;
const open = (...parts: OpenValue["parts"]): OpenValue => ({ parts, required: true });
const knows =
  (values: Readonly<Record<string, string>>, asked: string[] = []): SecretLookup =>
  (name) => {
    asked.push(name);
    return Promise.resolve(Object.hasOwn(values, name) ? new Secret(values[name] ?? "") : { fix: `sbx secret set ${name}` });
  };
const shown = (environment: Readonly<Record<string, Secret>>): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.reveal()]));

describe("the secrets of a server", () => {
  it("are put into their places, each asked for once, and print nowhere", async ({ expect }) => {
    const asked: string[] = [];
    const { environment, missing } = await resolveServerEnvironment(
      { KEY: open(secret("brave.api_key")), HEADERS: open(text('{"Authorization": "Bearer '), secret("brave.api_key"), text('"}')), TWO: open(secret("brave.api_key"), text("-"), secret("other")) },
      knows({ "brave.api_key": "value", other: "second" }, asked),
    );
    expect(shown(environment)).toEqual({ KEY: "value", HEADERS: '{"Authorization": "Bearer value"}', TWO: "value-second" });
    expect(missing).toEqual([]);
    expect(asked).toEqual(["brave.api_key", "other"]);
    expect(JSON.stringify(environment)).not.toContain("value");
  });

  it("that are missing leave their values out whole, and the command that mends each is told once", async ({ expect }) => {
    const values = { A: open(text("Bearer "), secret("gone")), B: open(secret("gone")), C: open(text("x")), D: open(secret("there"), secret("gone2")) };
    const { environment, missing } = await resolveServerEnvironment(values, knows({ there: "v" }));
    expect(shown(environment)).toEqual({ C: "x" });
    expect(missing).toEqual([
      { name: "gone", env: "GONE", fix: "sbx secret set gone" },
      { name: "gone2", env: "GONE2", fix: "sbx secret set gone2" },
    ]);
  });

  it("that are missing and optional are left out without a word", async ({ expect }) => {
    const { environment, missing } = await resolveServerEnvironment({ A: { ...open(secret("gone")), required: false }, B: { ...open(text("x")), required: false } }, knows({}));
    expect({ environment: shown(environment), missing }).toEqual({ environment: { B: "x" }, missing: [] });
  });

  it("are text: no name in a value is looked for, and no text around it changes", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.oneof(fc.string(), fc.constant("$OTHER ${OTHER} $& $1 {{other}}")), fc.string(), async (before, value, after) => {
        const { environment } = await resolveServerEnvironment({ X: open(text(before), secret("s"), text(after)) }, knows({ s: value, OTHER: "never", other: "never" }));
        expect(environment["X"]?.reveal()).toBe(before + value + after);
      }),
    );
  });

  it("may have any variable's name", async ({ expect }) => {
    const { environment } = await resolveServerEnvironment({ ["__proto__"]: open(text("x")), constructor: open(secret("toString")) }, knows({}));
    expect(Object.entries(environment).map(([name, value]) => [name, value.reveal()])).toEqual([["__proto__", "x"]]);
  });
});
