import fc from "fast-check";
import { parse as parseToml } from "smol-toml";
import { describe, it } from "vitest";
import { withGatewayEntry } from "../../src/kit/mcp-file.ts";
import type { SeedFile } from "../../src/kit/profile.ts";
import { NASTY } from "./a-kit.ts";

const file = (path: string, content: string): SeedFile => ({ path, content, mode: 0o600, overwrite: false });

describe("the gateway's entry in an agent's file", () => {
  it("is added to the JSON file that the profile seeds, beside what is there", ({ expect }) => {
    const [first, second] = withGatewayEntry(
      [file("a.json", '{"x":1,"mcpServers":{"other":{"url":"u"}}}'), file("b.json", "{}")],
      { path: "a.json", keys: ["mcpServers"], entry: { url: "${mcpUrl}" } },
      NASTY,
    );
    expect(JSON.parse(first?.content ?? "")).toEqual({ x: 1, mcpServers: { other: { url: "u" }, sbx: { url: NASTY.mcpUrl } } });
    expect(second?.content).toBe("{}");
  });

  it("gets a file of its own where the profile seeds none", ({ expect }) => {
    const [made] = withGatewayEntry([], { path: ".agent/mcp.json", keys: ["a", "b"], entry: { type: "http", url: "${mcpUrl}" } }, NASTY);
    expect(made).toMatchObject({ path: ".agent/mcp.json", mode: 0o600, overwrite: false });
    expect(JSON.parse(made?.content ?? "")).toEqual({ a: { b: { sbx: { type: "http", url: NASTY.mcpUrl } } } });
  });

  it("is a table at the end of a TOML file, which stays as it was", ({ expect }) => {
    const before = '# kept\nmodel = "x"\n\n[features]\nplugins = false\n';
    const [made] = withGatewayEntry([file("c.toml", before)], { path: "c.toml", keys: ["mcp_servers"], entry: { url: "${mcpUrl}", headers: { "X-A": "b" } } }, NASTY);
    expect(made?.content.startsWith(before.trimEnd())).toBe(true);
    expect(parseToml(made?.content ?? "")).toEqual({ model: "x", features: { plugins: false }, mcp_servers: { sbx: { url: NASTY.mcpUrl, headers: { "X-A": "b" } } } });
  });

  it("can hold any text without breaking its file", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const facts = { ...NASTY, mcpUrl: text };
        const mcp = { keys: ["mcp_servers"], entry: { url: "${mcpUrl}" } };
        const [json] = withGatewayEntry([], { ...mcp, path: "a.json" }, facts);
        const [toml] = withGatewayEntry([], { ...mcp, path: "a.toml" }, facts);
        expect(JSON.parse(json?.content ?? "")).toEqual({ mcp_servers: { sbx: { url: text } } });
        expect(parseToml(toml?.content ?? "")).toEqual({ mcp_servers: { sbx: { url: text } } });
      }),
    );
  });
});
