import { describe, it } from "vitest";
import { rememberForAWhile } from "../../../src/mcp/running/remember-for-a-while.ts";

describe("what is asked once a minute", () => {
  const { signal } = new AbortController();

  it("is asked again for another key, and when the minute is over", async ({ expect }) => {
    let now = 0;
    const asked: string[] = [];
    const ask = rememberForAWhile(
      async (key: string) => await Promise.resolve(asked.push(key)),
      () => now,
    );
    expect([await ask("a", signal), await ask("a", signal), await ask("b", signal)]).toEqual([1, 1, 2]);
    now = 60_000;
    expect(await ask("a", signal)).toBe(3);
  });

  it("is asked again when nobody answered", async ({ expect }) => {
    let failed = false;
    const ask = rememberForAWhile(
      async () => {
        if (failed) return await Promise.resolve("there");
        failed = true;
        throw new Error("gone");
      },
      () => 0,
    );
    await expect(ask("a", signal)).rejects.toThrow("gone");
    expect(await ask("a", signal)).toBe("there");
  });
});
