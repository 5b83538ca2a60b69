import fc from "fast-check";
import { describe, it } from "vitest";
import { CLIENT_KINDS, SERVER_KEY } from "../../../src/mcp/clients/client-kinds.ts";
import { serversIn, withServer, type ConfigKind } from "../../../src/mcp/clients/edit-config.ts";

const ENTRY = { command: "sbx", args: ["mcp", "gateway", "run"] };
const JSON_KIND: ConfigKind = { form: "json", at: ["mcpServers"], file: "x.json" };
const TOML_KIND: ConfigKind = { form: "toml", at: ["mcp_servers"], file: "x.toml" };
const YAML_KIND: ConfigKind = { form: "yaml", at: ["extensions"], file: "x.yaml" };
const LIST_KIND: ConfigKind = { form: "yaml", at: ["mcpServers"], isList: true, file: "x.yaml" };

const put = (text: string, kind: ConfigKind): string => withServer(text, kind, { name: SERVER_KEY, entry: kind.isList === true ? { name: SERVER_KEY, ...ENTRY } : ENTRY });
const take = (text: string, kind: ConfigKind): string => withServer(text, kind, { name: SERVER_KEY, entry: undefined });

const TEXTS: readonly (readonly [string, ConfigKind, string])[] = [
  ["JSON with comments", JSON_KIND, '{\n  // mine\n  "theme": "dark", /* stays */\n  "mcpServers": {\n    "github": { "command": "x", "env": { "TOKEN": "t" } }\n  }\n}\n'],
  ["JSON without servers", JSON_KIND, '{\n  "theme": "dark"\n}\n'],
  ["JSON with tabs and Windows line ends", JSON_KIND, '{\r\n\t"theme": "dark",\r\n\t"mcpServers": {\r\n\t\t"a": {\r\n\t\t\t"command": "x"\r\n\t\t}\r\n\t}\r\n}\r\n'],
  [
    "TOML with comments",
    TOML_KIND,
    '# mine\nmodel = "o" # stays\n\n[mcp_servers.github] # theirs\ncommand = "x"\n\n[mcp_servers.github.env]\nTOKEN = "t"\n\n# about projects\n[projects."/a.b"]\ntrust_level = "trusted"\n',
  ],
  ["TOML without tables", TOML_KIND, 'model = "o"\n'],
  ["YAML with comments", YAML_KIND, "# mine\nGOOSE_MODE: auto # stays\nextensions:\n  developer:\n    enabled: true\n"],
  ["YAML with a list", LIST_KIND, "name: mine # stays\nmcpServers:\n  - name: other\n    command: x\n"],
];

describe("the gateway in a client's configuration", () => {
  it.for(TEXTS)("is put into %s and taken out again without a trace", ([, kind, text], { expect }) => {
    const connected = put(text, kind);
    expect(serversIn(connected, kind).get(SERVER_KEY)).toMatchObject(ENTRY);
    expect(put(connected, kind)).toBe(connected);
    for (const word of ["mine", "stays", "theirs", "about projects", "TOKEN"]) expect(connected.includes(word)).toBe(text.includes(word));
    expect(take(connected, kind)).toBe(text);
    expect(take(text, kind)).toBe(text);
  });

  it.for(CLIENT_KINDS.map((kind) => [kind.name, kind] as const))("is understood by the reader of %s, also when it is changed", ([, kind], { expect }) => {
    const form = { ...kind, file: "x" };
    const first = withServer("", form, { name: SERVER_KEY, entry: kind.entry({ command: "sbx", args: ["a"] }, "global") });
    const second = withServer(first, form, { name: SERVER_KEY, entry: kind.entry({ command: "/opt/sbx", args: ["b"] }, "global") });
    expect([...serversIn(second, form).keys()]).toEqual([SERVER_KEY]);
    expect(second).toContain("/opt/sbx");
    expect(take(second, form).trim()).toMatch(/^(?:\{\s*\})?$/);
  });

  it.for([
    ["broken JSON", JSON_KIND, '{ "mcpServers": '],
    ["servers that are no table", JSON_KIND, '{ "mcpServers": [] }'],
    ["a document that is a list", JSON_KIND, "[]"],
    ["servers that stand twice", JSON_KIND, '{ "mcpServers": { "a": {} }, "mcpServers": { "b": {} } }'],
    ["broken TOML", TOML_KIND, "a = "],
    ["a TOML table on one line", TOML_KIND, 'mcp_servers = { sbx = { command = "sbx" } }'],
    ["TOML keys with dots", TOML_KIND, 'mcp_servers.sbx.command = "sbx"\n'],
    ["broken YAML", YAML_KIND, "a: ["],
    ["YAML with an alias in place of the servers", YAML_KIND, "a: &x {b: 1}\nextensions: *x\n"],
  ] as const)("leaves %s alone, and says so", ([, kind, text], { expect }) => {
    expect(() => put(text, kind)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("changes nothing else and loses no server, whatever the configuration is, or refuses", () => {
    const name = fc.oneof(fc.constantFrom("sbx", "a.b", "mcp_servers", "constructor", "é"), fc.string({ minLength: 1, maxLength: 8 }));
    const value = fc.jsonValue({ maxDepth: 2 });
    const document = fc.record(
      { mcpServers: fc.dictionary(name, fc.record({ command: fc.string(), args: fc.array(fc.string(), { maxLength: 2 }) }), { maxKeys: 4 }), other: value },
      { requiredKeys: ["other"] },
    );
    fc.assert(
      fc.property(document, fc.constantFrom(0, 2, "\t"), (given, indent) => {
        const after: unknown = JSON.parse(put(JSON.stringify(given, null, indent), JSON_KIND));
        const expected = { ...given, mcpServers: { ...given.mcpServers, sbx: ENTRY } };
        return JSON.stringify(ordered(after)) === JSON.stringify(ordered(expected));
      }),
    );
  });
});

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, inner]) => [key, ordered(inner)]);
}
