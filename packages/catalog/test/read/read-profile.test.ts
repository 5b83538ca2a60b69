import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { enabledServers, readRegistry, readServerConfigs, readServerTools } from "../../src/read/read-enabled.ts";
import { readProfile } from "../../src/read/read-profile.ts";
import { problemOf } from "../problem-of.ts";

describe("a profile", () => {
  it("in Docker's form gives what is enabled, and its snapshots apart", ({ expect }) => {
    const { profile, servers, warnings } = readProfile(
      JSON.stringify({
        version: 1,
        id: "dev",
        name: "Dev",
        servers: [
          { type: "image", image: "example/a", config: { key: 1 }, secrets: "default", tools: null, catalogRef: "x", snapshot: { server: { name: "a", image: "example/a" } } },
          { type: "image", image: "example/b", tools: [], snapshot: { server: { name: "b", image: "example/b" } } },
          { type: "image", image: "example/c", tools: ["t"], snapshot: { server: { name: "c", image: "example/c" } } },
          { type: "image", image: "example/d", snapshot: { server: {} } },
        ],
        secrets: { default: { provider: "docker-desktop-store" } },
      }),
    );
    expect(profile).toEqual({
      version: 1,
      id: "dev",
      name: "Dev",
      servers: [
        { name: "a", config: { key: 1 } },
        { name: "b", config: {}, tools: [] },
        { name: "c", config: {}, tools: ["t"] },
      ],
    });
    expect(servers.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(warnings).toHaveLength(1);
  });

  it("in our form gives what is enabled and describes nothing", ({ expect }) => {
    const { profile, servers, warnings } = readProfile("version: 1\nid: dev\nname: Dev\nservers:\n  - name: a\n    config: { b: 1 }\n  - name: '-v'\n  - 7\n");
    expect(profile.servers).toEqual([{ name: "a", config: { b: 1 } }]);
    expect(servers).toEqual([]);
    expect(warnings.map(({ line }) => line)).toEqual([7, 8]);
  });

  for (const text of ["version: 2\nid: a\nname: A", "id: a\nname: A", "version: 1\nid: ../a\nname: A", "version: 1\nid: a", "version: 1\nid: a\nname: A\nservers: {}", "[]", ""])
    it(`is refused: ${JSON.stringify(text)}`, ({ expect }) => {
      expect(problemOf(() => readProfile(text)).code).toBe("CATALOG_INVALID");
    });
});

describe("Docker's files of what is enabled", () => {
  it("say together which servers, with which configuration and tools", ({ expect }) => {
    const registry = readRegistry('registry:\n  a: { ref: "" }\n  b: { ref: "", config: { x: 1, y: 1 } }\n  c:\n  "bad name": {}\n  d: 7\n');
    expect(registry.warnings.map(({ line }) => line)).toEqual([5, 6]);
    const configs = readServerConfigs("b: { y: 2 }\nz: { q: 1 }\n");
    const tools = readServerTools("a: [one]\nb: []\nc:\n");
    expect(enabledServers({ registry, configs, tools })).toEqual([
      { name: "a", config: {}, tools: ["one"] },
      { name: "b", config: { x: 1, y: 2 }, tools: [] },
      { name: "c", config: {} },
    ]);
  });

  it("may be empty", ({ expect }) => {
    for (const read of [readRegistry, readServerConfigs, readServerTools]) expect([...read("").values]).toEqual([]);
  });
});

it("ends in CATALOG_INVALID or not at all, for whatever text", ({ expect }) => {
  const readers = [readProfile, readRegistry, readServerConfigs, readServerTools];
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(fc.constantFrom("version", "id", "name", "servers", "registry", "a", "__proto__", "snapshot"), fc.jsonValue()).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...readers), text, (read, document) => {
      try {
        read(document);
      } catch (error) {
        expect(AppError.is(error) && error.code).toBe("CATALOG_INVALID");
      }
    }),
    { numRuns: 400 },
  );
});
