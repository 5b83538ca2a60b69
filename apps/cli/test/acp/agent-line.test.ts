import fc from "fast-check";
import { describe, it } from "vitest";
import { readAgentLine } from "../../src/acp/agent-line.ts";

const read = (line: string | Uint8Array): ReturnType<typeof readAgentLine> => readAgentLine(Buffer.from(line));
const shown = (line: string | Uint8Array): string => {
  const result = read(line);
  return result.kind === "message" ? result.text : "";
};

describe("a line of an agent's", () => {
  it.for([
    '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true,"_meta":{"x":[1,null]}}}}',
    '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"content":{"type":"text","text":"grüß 🦊 \\u0000\\n\\ud800"}}}}',
    '{"jsonrpc":"2.0","id":"q-1","method":"session/request_permission","params":{"options":[{"optionId":"a"}]}}',
    '{"jsonrpc":"2.0","method":"$/cancel_request","params":{"id":7}}',
    '{"jsonrpc":"2.0","id":2,"method":"elicitation/create","params":{"message":"m"}}',
    '{"jsonrpc":"2.0","id":3,"error":{"code":-32000,"message":"login","data":{"why":"x"}}}',
  ])("passes as it is: %s", (line, { expect }) => {
    expect(read(`${line}\n`)).toEqual({ kind: "message", text: `${line}\n` });
  });

  it.for([
    "fs/read_text_file",
    "fs/write_text_file",
    "terminal/create",
    "terminal/output",
    "mcp/connect",
    "_editor/run",
    "initialize",
    "authenticate",
    "Session/update",
    " session/update",
    "session\\u0000/update",
    "session",
    "terminal/create/session/update",
    "",
    "__proto__",
  ])("that asks the editor for %j reaches it in no form, and is answered", (method, { expect }) => {
    const result = read(`{"jsonrpc":"2.0","id":"one","method":"${method}","params":{"path":"/etc/passwd"}}\n`);
    expect(result.kind).toBe("refused");
    const answer: unknown = JSON.parse(result.kind === "refused" ? (result.answer ?? "") : "");
    expect(answer).toMatchObject({ jsonrpc: "2.0", id: "one", error: { code: -32_601 } });
    expect(read(`{"jsonrpc":"2.0","method":"${method}"}`)).toEqual({ kind: "refused", method: JSON.parse(`"${method}"`) as string });
  });

  it("is answered to no more than a number or a text by which it was asked", ({ expect }) => {
    const result = read('{"id":{"a":1},"method":"fs/read_text_file"}');
    expect(result).toMatchObject({ kind: "refused" });
    expect(result.kind === "refused" && result.answer).toContain('"id":null');
  });

  it.for([
    ["two messages where one is read", '{"id":1}{"id":2,"method":"terminal/create"}'],
    ["a list of messages", '[{"id":2,"method":"terminal/create"}]'],
    ["a method that is no text", '{"id":2,"method":["terminal/create"]}'],
    ["a comment", '{"id":2,"method":"terminal/create"} // x'],
    ["a mark of byte order", '\uFEFF{"id":2,"method":"terminal/create"}'],
    ["words", "Listening on port 3000"],
    ["a number", "1"],
    ["null", "null"],
    ["a beginning", '{"id":2,'],
  ] as const)("that has %s is no message", ([, line], { expect }) => {
    expect(read(line)).toEqual({ kind: "other" });
  });

  it("that is no UTF-8, or nested without end, is no message", ({ expect }) => {
    expect(read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toEqual({ kind: "other" });
    expect(read(`{"result":${"[".repeat(200_000)}${"]".repeat(200_000)}}`).kind).not.toBe("refused");
  });

  it("is read by the editor in one way only: what other readers could see in it is gone", ({ expect }) => {
    expect(shown('{"method":"terminal/create","method":"session/update"}')).toBe('{"method":"session/update"}\n');
    expect(read('{"method":"session/update","method":"terminal/create"}').kind).toBe("refused");
    expect(read('{"method":"session/update","\\u006dethod":"terminal/create"}').kind).toBe("refused");
    expect(shown('{"Method":"terminal/create","METHOD":"fs/read_text_file","method":"session/update","x":1}')).toBe('{"method":"session/update"}\n');
    expect(shown('{"result":\r{"method":"terminal/create"}\r,"id":1}\r\n')).toBe('{"result":{"method":"terminal/create"},"id":1}\n');
  });

  it("offers no login that has the editor start a program on this machine", ({ expect }) => {
    const methods = [
      { id: "a", name: "A", description: "d", _meta: { "terminal-auth": { command: "/bin/sh", args: ["-c", "evil"] } } },
      { id: "b", name: "B", type: "agent", link: "x" },
      { id: "c", name: "C", type: "terminal", args: ["--mount-docker-socket=raw"] },
      { id: "d", name: "D", type: "env_var", vars: [{ name: "PATH" }] },
      "e",
    ];
    const left = [
      { id: "a", name: "A", description: "d" },
      { id: "b", name: "B" },
    ];
    expect(JSON.parse(shown(JSON.stringify({ id: 1, result: { protocolVersion: 1, authMethods: methods } })))).toEqual({ id: 1, result: { protocolVersion: 1, authMethods: left } });
    expect(JSON.parse(shown(JSON.stringify({ id: 1, result: { AuthMethods: methods, "authMethod\u017F": methods } })))).toEqual({ id: 1, result: { AuthMethods: left, "authMethod\u017F": left } });
    expect(JSON.parse(shown(JSON.stringify({ id: 1, error: { code: 1, message: "m", data: { authMethods: methods } } })))).toEqual({
      id: 1,
      error: { code: 1, message: "m", data: { authMethods: left } },
    });
    expect(JSON.parse(shown(JSON.stringify({ id: 1, result: { authMethods: { 0: methods[2] } } })))).toEqual({ id: 1, result: { authMethods: [] } });
  });

  it("never asks for more than what is allowed, whatever it is", ({ expect }) => {
    const method = fc.oneof(fc.constantFrom("fs/read_text_file", "terminal/create", "session/update"), fc.string());
    const message = fc.oneof(
      fc.json(),
      fc.record({ method, id: fc.integer(), params: fc.jsonValue() }).map((value) => JSON.stringify(value)),
      fc.string(),
    );
    fc.assert(
      fc.property(message, (line) => {
        const text = shown(line);
        expect(text.endsWith("\n") || text === "").toBe(true);
        expect(text.slice(0, -1)).not.toMatch(/[\n\r]/);
        const { method: asked = "session/" } = JSON.parse(text || "{}") as { readonly method?: string };
        expect(asked).toMatch(/^(session|elicitation|\$)\//);
      }),
    );
  });
});
