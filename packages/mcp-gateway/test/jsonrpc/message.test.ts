import fc from "fast-check";
import { describe, it } from "vitest";
import type { Json } from "../../src/jsonrpc/json.ts";
import { jsonFromMessage, messageFromJson, RpcFailure, type RpcMessage } from "../../src/jsonrpc/message.ts";

const id = fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: 256 }));
const params = fc.dictionary(
  fc.string().filter((key) => key !== "__proto__"),
  fc.jsonValue(),
) as fc.Arbitrary<Record<string, Json>>;
const message: fc.Arbitrary<RpcMessage> = fc.oneof(
  fc.record({ kind: fc.constant("request" as const), id, method: fc.string({ minLength: 1, maxLength: 200 }), params }),
  fc.record({ kind: fc.constant("notification" as const), method: fc.string({ minLength: 1, maxLength: 200 }), params }),
  fc.record({ kind: fc.constant("result" as const), id, result: params }),
  fc.record({ kind: fc.constant("error" as const), id, error: fc.record({ code: fc.maxSafeInteger(), message: fc.string() }) }),
);

describe("messageFromJson", () => {
  it("understands what jsonFromMessage writes", ({ expect }) => {
    fc.assert(
      fc.property(message, (one) => {
        expect(messageFromJson(jsonFromMessage(one))).toEqual(one);
      }),
    );
  });

  it("takes over nothing of the envelope that it does not know", ({ expect }) => {
    const understood = messageFromJson({ jsonrpc: "2.0", id: 1, method: "a", params: { kept: true }, secret: "x" });
    expect(jsonFromMessage(understood)).toEqual({ jsonrpc: "2.0", id: 1, method: "a", params: { kept: true } });
  });

  it.for<Json>([
    null,
    [],
    "x",
    {},
    { jsonrpc: "1.0", id: 1, method: "a" },
    { jsonrpc: "2.0" },
    { jsonrpc: "2.0", id: null, method: "a" },
    { jsonrpc: "2.0", id: 1.5, method: "a" },
    { jsonrpc: "2.0", id: 2 ** 53, method: "a" },
    { jsonrpc: "2.0", id: {}, method: "a" },
    { jsonrpc: "2.0", id: "x".repeat(257), method: "a" },
    { jsonrpc: "2.0", id: 1, method: "" },
    { jsonrpc: "2.0", id: 1, method: 5 },
    { jsonrpc: "2.0", id: 1, method: "a", params: [1] },
    { jsonrpc: "2.0", id: 1, method: "a", result: {} },
    { jsonrpc: "2.0", id: 1, result: {}, error: { code: 1, message: "" } },
    { jsonrpc: "2.0", id: 1, result: "text" },
    { jsonrpc: "2.0", id: null, result: {} },
    { jsonrpc: "2.0", id: 1, error: { code: "x", message: "" } },
    { jsonrpc: "2.0", id: 1, error: { code: 1 } },
  ])("refuses %j", (value, { expect }) => {
    expect(() => messageFromJson(value)).toThrow(RpcFailure);
  });
});
