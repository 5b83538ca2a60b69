import fc from "fast-check";
import { memoryHeld } from "@sbx/testing";
import { describe, it } from "vitest";
import { createUsageMeter } from "../../src/wall/model/usage-meter.ts";

const SSE = "text/event-stream; charset=utf-8";

function measure(dialect: "anthropic" | "openai" | "google", contentType: string, text: string, size = 7): unknown {
  const meter = createUsageMeter(dialect, contentType);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) meter.push(bytes.subarray(at, at + size));
  return meter.end();
}

describe("createUsageMeter", () => {
  it.for(["application/json", SSE])("holds an answer of %s in hardly more memory than its bytes, also when they come one by one", (contentType, { expect }) => {
    const meter = createUsageMeter("anthropic", contentType);
    meter.push(Buffer.from('data:{"model":"c","usage":{"input_tokens":1,"output_tokens":2},"text":"'.slice(contentType === SSE ? 0 : 5)));
    const before = memoryHeld();
    for (let at = 0; at < 300_000; at += 1) meter.push(Buffer.from(new ArrayBuffer(1)).fill("x"));
    expect(memoryHeld() - before).toBeLessThan(8 << 20);
    meter.push(Buffer.from('"}'));
    expect(meter.end()).toEqual({ model: "c", inputTokens: 1, outputTokens: 2 });
  });

  it.for([
    [
      "anthropic",
      "application/json",
      '{"model":"c","usage":{"input_tokens":1,"output_tokens":2,"cache_creation_input_tokens":3}}',
      { model: "c", inputTokens: 1, outputTokens: 2, cacheWriteTokens: 3 },
    ],
    [
      "anthropic",
      SSE,
      'event: message_start\r\ndata: {"message":{"model":"c","usage":{"input_tokens":9,"output_tokens":1}}}\r\n\r\ndata: {"usage":{"output_tokens":20}}\n\ndata: {"type":"message_stop"}',
      { model: "c", inputTokens: 9, outputTokens: 20 },
    ],
    [
      "openai",
      SSE,
      'data: {"type":"response.created","response":{"model":"g","usage":null}}\n\ndata: {"type":"response.completed","response":{"model":"g","usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":5}}}\n\n',
      { model: "g", inputTokens: 6, outputTokens: 5, cacheReadTokens: 4 },
    ],
    ["openai", SSE, 'data: {"model":"g","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":8}}\n\ndata: [DONE]\n\n', { model: "g", inputTokens: 7, outputTokens: 8 }],
    ["openai", "application/json", '{"object":"response","model":"g","usage":{"input_tokens":1,"output_tokens":1}}', { model: "g", inputTokens: 1, outputTokens: 1 }],
    [
      "google",
      SSE,
      'data: {"modelVersion":"m","usageMetadata":{"promptTokenCount":3}}\n\ndata: {"modelVersion":"m","usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"thoughtsTokenCount":2}}\n\n',
      { model: "m", inputTokens: 3, outputTokens: 6 },
    ],
    ["google", "application/json", '[{"modelVersion":"m"},{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}]', { model: "m", inputTokens: 3, outputTokens: 4 }],
    ["anthropic", "application/json", '{"type":"error"}', undefined],
    ["anthropic", "application/json", "not json", undefined],
    ["anthropic", "application/json", '{"usage":{"input_tokens":-1,"output_tokens":"7"}}', undefined],
    ["anthropic", "application/json", '{"model":"a\\nb","usage":{"input_tokens":1.5,"output_tokens":7}}', { model: "unknown", inputTokens: 0, outputTokens: 7 }],
  ] as const)("reads %s %s", ([dialect, contentType, text, usage], { expect }) => {
    for (const size of [1, 7, 10_000]) expect(measure(dialect, contentType, text, size)).toEqual(usage);
  });

  it("passes over a line without end and goes on after it", ({ expect }) => {
    const text = `data: "${"x".repeat(5 * 1024 * 1024)}"\n\ndata: {"model":"c","usage":{"input_tokens":1,"output_tokens":2}}\n\n`;
    expect(measure("anthropic", SSE, text, 65_536)).toEqual({ model: "c", inputTokens: 1, outputTokens: 2 });
    expect(measure("anthropic", "application/json", `{"usage":{"input_tokens":1},"x":"${"x".repeat(17 * 1024 * 1024)}"}`, 1024 * 1024)).toBeUndefined();
  });

  it("never throws", ({ expect }) => {
    fc.assert(
      fc.property(fc.constantFrom("anthropic" as const, "openai" as const, "google" as const), fc.constantFrom(SSE, "application/json"), fc.json(), (dialect, contentType, text) => {
        expect(() => measure(dialect, contentType, `data: ${text}\n\n`)).not.toThrow();
        expect(() => measure(dialect, contentType, text)).not.toThrow();
      }),
    );
  });
});
