import { describe, it } from "vitest";
import { readEditorLine } from "../../src/acp/editor-line.ts";

describe("a line of an editor's", () => {
  it.for([
    Buffer.from('{"jsonrpc":"2.0", "id":1,\t"method":"session/prompt","params":{"clientCapabilities":{"fs":{}},"text":"initialize"}}\r\n'),
    Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
    Buffer.from("initialize\n"),
    Buffer.from('{"method":"initialize"}\n'),
    Buffer.from("\n"),
    Buffer.alloc(0),
  ])("passes byte for byte: %j", (line, { expect }) => {
    expect(readEditorLine(line).equals(line)).toBe(true);
  });

  it("that says what the editor can do says nothing of this machine", ({ expect }) => {
    for (const key of ["clientCapabilities", "capabilities"]) {
      const line = JSON.stringify({
        jsonrpc: "2.0",
        id: 0,
        method: "initialize",
        params: {
          protocolVersion: 1,
          clientInfo: { name: "e" },
          [key]: { fs: { readTextFile: true, writeTextFile: true }, terminal: true, auth: { terminal: true }, _meta: { "terminal-auth": true }, elicitation: { form: {} } },
        },
      });
      expect(JSON.parse(readEditorLine(Buffer.from(`${line}\n`)).toString())).toEqual({
        jsonrpc: "2.0",
        id: 0,
        method: "initialize",
        params: { protocolVersion: 1, clientInfo: { name: "e" }, [key]: { elicitation: { form: {} } } },
      });
    }
  });
});
