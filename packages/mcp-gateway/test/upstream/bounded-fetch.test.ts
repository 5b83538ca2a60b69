import { describe, it } from "vitest";
import { boundedFetch } from "../../src/upstream/bounded-fetch.ts";

const answering = (body: string | ReadableStream<Uint8Array>, type: string): typeof fetch =>
  boundedFetch(async () => await Promise.resolve(new Response(body, { headers: { "content-type": type } })), 100);

describe("boundedFetch", () => {
  it("lets a body through that is small enough", async ({ expect }) => {
    expect(await (await answering("x".repeat(100), "application/json")("http://a")).text()).toHaveLength(100);
  });

  it("ends a body that is too large", async ({ expect }) => {
    const response = await answering("x".repeat(101), "application/json")("http://a");
    await expect(response.text()).rejects.toThrow("more than 100 bytes");
  });

  it("lets a stream of small events be as long as it likes", async ({ expect }) => {
    const events = `data: ${"x".repeat(50)}\r\n\r\n`.repeat(50);
    expect(await (await answering(events, "text/event-stream")("http://a")).text()).toBe(events);
  });

  it("ends a stream in an event that is too large, however it is cut into lines", async ({ expect }) => {
    const response = await answering(`data: ok\n\n${"data: xxxxxxxx\n".repeat(10)}`, "text/event-stream; charset=utf-8")("http://a");
    await expect(response.text()).rejects.toThrow("more than 100 bytes");
  });

  it("does not even begin to read a body that says it is too large", async ({ expect }) => {
    const inner: typeof fetch = async () => await Promise.resolve(new Response("x", { headers: { "content-length": "101" } }));
    await expect(boundedFetch(inner, 100)("http://a")).rejects.toThrow("more than 100 bytes");
  });
});
