import fc from "fast-check";
import { describe, it } from "vitest";
import { resolveServerEnvironment, resolveTexts, Secret, type SecretLookup } from "../src/index.ts";

const KEY = { name: "brave.api_key", env: "BRAVE_API_KEY", required: true };
const knows =
  (values: Readonly<Record<string, string>>): SecretLookup =>
  (name) =>
    Promise.resolve(Object.hasOwn(values, name) ? new Secret(values[name] ?? "") : { fix: `sbx secret set ${name}` });
const shown = (environment: Readonly<Record<string, Secret>>): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.reveal()]));

describe("the secrets of a server", () => {
  it("stand under their own variables, and in texts that name these", async ({ expect }) => {
    const { environment, missing } = await resolveServerEnvironment(
      { secretEnv: { HEADERS: '{"Authorization": "Bearer $BRAVE_API_KEY"}', TWICE: "${BRAVE_API_KEY}-$BRAVE_API_KEY" }, secrets: [KEY] },
      knows({ "brave.api_key": "value" }),
    );
    expect(shown(environment)).toEqual({ BRAVE_API_KEY: "value", HEADERS: '{"Authorization": "Bearer value"}', TWICE: "value-value" });
    expect(missing).toEqual([]);
    expect(JSON.stringify(environment)).not.toContain("value");
  });

  it("that are missing leave their texts out, and the command that mends it is told", async ({ expect }) => {
    const plan = { secretEnv: { HEADERS: "Bearer $BRAVE_API_KEY", PLAIN: "x" }, secrets: [KEY] };
    const { environment, missing } = await resolveServerEnvironment(plan, knows({}));
    expect(shown(environment)).toEqual({ PLAIN: "x" });
    expect(missing).toEqual([{ name: "brave.api_key", env: "BRAVE_API_KEY", fix: "sbx secret set brave.api_key" }]);
    const optional = await resolveServerEnvironment({ ...plan, secrets: [{ ...KEY, required: false }] }, knows({}));
    expect({ ...optional, environment: shown(optional.environment) }).toEqual({ environment: { PLAIN: "x" }, missing: [] });
  });

  it("are the entry's own alone: no other name is filled in", async ({ expect }) => {
    const texts = { A: "$HOME ${PATH} $BRAVE_API_KEY_2 $$ $ ${ $1 ${BRAVE_API_KEY:-x}", B: "$anthropic" };
    const { environment } = await resolveServerEnvironment({ secretEnv: texts, secrets: [KEY] }, knows({ "brave.api_key": "v", anthropic: "no", HOME: "no" }));
    expect(shown(environment)).toEqual({ BRAVE_API_KEY: "v", ...texts });
  });

  it("are never read for names again", async ({ expect }) => {
    const two = { name: "b", env: "OTHER", required: true };
    const { environment } = await resolveServerEnvironment({ secretEnv: { X: "$BRAVE_API_KEY" }, secrets: [KEY, two] }, knows({ "brave.api_key": "${OTHER}$& $1 $OTHER", b: "never" }));
    expect(environment["X"]?.reveal()).toBe("${OTHER}$& $1 $OTHER");
  });

  it("add no variable where texts alone are wanted, such as headers", async ({ expect }) => {
    const { environment } = await resolveTexts({ secretEnv: { authorization: "Bearer $BRAVE_API_KEY" }, secrets: [KEY] }, knows({ "brave.api_key": "v" }));
    expect(shown(environment)).toEqual({ authorization: "Bearer v" });
  });

  it("leave every text without a name as it was", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        fc.pre(!text.includes("$BRAVE_API_KEY") && !text.includes("${BRAVE_API_KEY}"));
        const { environment } = await resolveTexts({ secretEnv: { X: text }, secrets: [KEY] }, knows({}));
        expect(shown(environment)).toEqual({ X: text });
      }),
    );
  });
});
