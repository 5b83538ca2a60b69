import { describe, it } from "vitest";
import { pacedGets } from "../../src/upstream/paced-gets.ts";

function setup(pace: Parameters<typeof pacedGets>[1]) {
  const seen: string[] = [];
  const inner: typeof fetch = (_input, init) => {
    seen.push(init?.method ?? "GET");
    return Promise.resolve(new Response("x"));
  };
  return { seen, fetch: pacedGets(inner, pace) };
}

describe("streams that end at once", () => {
  it("are opened again so often and no more until time has passed, and requests are not held up by that", async ({ expect }) => {
    const { seen, fetch } = setup({ atOnce: 3, everyMs: 3_600_000 });
    const leaving = new AbortController();
    const outcomes = Array.from({ length: 20 }, async () => await fetch("http://a", { signal: leaving.signal }).catch(() => "given up"));
    await fetch("http://a", { method: "POST" });
    expect(seen).toEqual(["GET", "GET", "GET", "POST"]);
    leaving.abort();
    expect((await Promise.all(outcomes)).filter((one) => one === "given up")).toHaveLength(17);
    expect(seen).toHaveLength(4);
  });

  it("are opened again when it is their turn", async ({ expect }) => {
    const { seen, fetch } = setup({ atOnce: 1, everyMs: 50 });
    const began = performance.now();
    for (let at = 0; at < 3; at += 1) await fetch("http://a");
    expect(seen).toHaveLength(3);
    expect(performance.now() - began).toBeGreaterThan(90);
  });
});
