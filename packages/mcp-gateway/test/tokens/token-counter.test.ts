import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, it } from "vitest";
import { costChange, definitionText, savedByRemoval, sessionCost, type ToolDefinition } from "../../src/tokens/tool-cost.ts";
import { createTokenCounter } from "../../src/tokens/token-counter.ts";

const aTool = (name: string, description = "Find what was asked for."): ToolDefinition => ({ name, description, inputSchema: { type: "object", properties: { query: { type: "string" } } } });
const signal = (): AbortSignal => new AbortController().signal;

describe("a counter of tokens", () => {
  it("counts name, description and arguments of each tool as a model sees them", async ({ expect }) => {
    await using counter = createTokenCounter();
    const tools = [aTool("one"), aTool("two", "Longer. ".repeat(50)), aTool("one")];
    const more = { ...aTool("one"), outputSchema: { type: "object" }, _meta: { x: "y".repeat(1000) } };
    expect(await counter.count([...tools, more], signal())).toEqual([...tools, aTool("one")].map((tool) => countTokens(definitionText(tool))));
    expect(await counter.count([], signal())).toEqual([]);
  });

  it("sums up a session by server", async ({ expect }) => {
    await using counter = createTokenCounter();
    const cost = await counter.measure(
      [
        { server: "a", tools: [aTool("one"), aTool("two")] },
        { server: "none", tools: [] },
        { server: "b", tools: [aTool("three")] },
      ],
      signal(),
    );
    const [one = 0, two = 0, three = 0] = ["one", "two", "three"].map((name) => countTokens(definitionText(aTool(name))));
    expect(cost).toEqual({
      tools: 3,
      tokens: one + two + three,
      servers: [
        { server: "a", tools: 2, tokens: one + two },
        { server: "none", tools: 0, tokens: 0 },
        { server: "b", tools: 1, tokens: three },
      ],
    });
  });

  it("counts again after its thread was let go, and side by side", async ({ expect }) => {
    await using counter = createTokenCounter({ keepMs: 0 });
    const all = await Promise.all(["a", "b", "c"].map((name) => counter.count([aTool(name)], signal())));
    expect(all).toEqual(["a", "b", "c"].map((name) => [countTokens(definitionText(aTool(name)))]));
  });

  it("knows what it counted without its thread", async ({ expect }) => {
    const counter = createTokenCounter();
    const first = await counter.count([aTool("a")], signal());
    await counter[Symbol.asyncDispose]();
    expect(await counter.count([aTool("a")], signal())).toEqual(first);
    await expect(counter.count([aTool("b")], signal())).rejects.toThrow("closed");
  });

  it("counts nothing for a caller that has gone", async ({ expect }) => {
    await using counter = createTokenCounter();
    await expect(counter.count([aTool("a")], AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  });
});

describe("the cost of a session", () => {
  const cost = sessionCost([
    { server: "a", tools: 2, tokens: 300 },
    { server: "b", tools: 1, tokens: 50 },
  ]);

  it("says what a removal saves", ({ expect }) => {
    expect(savedByRemoval(cost, "a")).toEqual({ before: 350, after: 50, saved: 300 });
    expect(savedByRemoval(cost, "none")).toEqual({ before: 350, after: 350, saved: 0 });
  });

  it("says what an addition costs", ({ expect }) => {
    expect(costChange(sessionCost([]), cost)).toEqual({ before: 0, after: 350, saved: -350 });
  });
});
