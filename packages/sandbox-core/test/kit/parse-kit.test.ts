import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { parseKit } from "../../src/kit/parse-kit.ts";
import { aKit } from "./a-kit.ts";

function problemOf(text: string): AppError {
  try {
    parseKit(text);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error("the Kit was taken");
}

const BAD: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["an unknown key, with the near one", aKit({ top: ["descripton: x"] }), /^kit\.yaml:3:1: unknown key "descripton", nearest is "description"$/],
  [
    "an unknown key deep inside",
    aKit({ capabilities: ["- type: com.docker.sandbox/lifecycle@1", "  config:", "    startup: [{ comand: ls }]"] }),
    /^kit\.yaml:6:19: .*unknown key "comand", nearest is "command"$/,
  ],
  ["a key that stands twice", aKit({ top: ["displayName: a", "displayName: b"] }), /^kit\.yaml:4:1: .*unique/i],
  ["null where a text belongs", aKit({ top: ["displayName:"] }), /^kit\.yaml:3:1: displayName: expected a text, found nothing \(null\)$/],
  ["null where a list belongs", aKit({ top: ["capabilities: ~"] }), /expected a list, found nothing/],
  ["another kind", 'schemaVersion: "3"\nkind: agent\n', /^kit\.yaml:2:1: kind: a Kit is a workload, a mixin or a set$/],
  ["a version that is a number", "schemaVersion: 3\nkind: workload\n", /schemaVersion must be "3", in quotes/],
  ["a missing kind", 'schemaVersion: "3"\n', /kind/],
  ["an anchor", aKit({ top: ["displayName: &a x"] }), /anchors are not allowed/],
  ["an alias", aKit({ top: ["displayName: &a x", "description: *a"] }), /not allowed/],
  ["a tag", aKit({ top: ["displayName: !!js/function x"] }), /tag/i],
  ["a merge", aKit({ top: ["args: { <<: { a: { default: b } } }"] }), /argument's name|merge/i],
  ["two documents", `${aKit()}---\n${aKit()}`, /document/i],
  ["something that is no mapping", "- a\n- b\n", /expected keys and values, found a list/],
  ["an empty file", "", /expected keys and values, found nothing/],
  [
    "a singleton that stands twice",
    aKit({ capabilities: ["- type: com.docker.sandbox/git-identity@1", "- type: com.docker.sandbox/git-identity@1"] }),
    /^kit\.yaml:5:5: com\.docker\.sandbox\/git-identity@1 stands twice; first as capabilities\[0\]$/,
  ],
  [
    "two credentials for one service and phase",
    aKit({
      capabilities: [
        "- { type: com.docker.sandbox/credential@1, config: { service: a, phase: runtime, apiKey: { name: A } } }",
        "- { type: com.docker.sandbox/credential@1, config: { service: a, phase: [install, runtime], apiKey: { name: B } } }",
      ],
    }),
    /stands twice for the same service and phase a, runtime/,
  ],
  [
    "two volumes at one place, spelled differently",
    aKit({ capabilities: ["- { type: com.docker.sandbox/volume@1, config: { path: /home/agent/a } }", "- { type: com.docker.sandbox/volume@1, config: { path: /home/agent//b/../a/ } }"] }),
    /stands twice for the same path/,
  ],
  [
    "the same unknown entry twice",
    aKit({ capabilities: ["- { type: org.example/x@1, optional: true, config: { a: 1 } }", "- { type: org.example/x@1, optional: true, config: { a: 1 } }"] }),
    /stands twice/,
  ],
  ["configuration where none belongs", aKit({ capabilities: ["- { type: com.docker.sandbox/sbx@1, config: {} }"] }), /has no configuration/],
  ["no configuration where one belongs", aKit({ capabilities: ["- { type: com.docker.sandbox/volume@1 }"] }), /needs a config/],
  ["a type without version", aKit({ capabilities: ["- { type: com.docker.sandbox/volume }"] }), /capability's type/],
  ["optional in a group's member", aKit({ capabilities: ["- group: { capabilities: [{ type: org.example/x@1, optional: true }] }"] }), /unknown key "optional"/],
  ["an empty group", aKit({ capabilities: ["- group: { capabilities: [] }"] }), /capabilities/],
  ["an empty lifecycle", aKit({ capabilities: ["- { type: com.docker.sandbox/lifecycle@1, config: {} }"] }), /at least one of install/],
  ["a mode that is a number", aKit({ capabilities: ["- { type: com.docker.sandbox/volume@1, config: { path: /home/agent/a, mode: 0700 } }"] }), /mode: expected a text/],
  [
    "a key for a host that is not allowed",
    aKit({
      capabilities: [
        "- { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ['*.example.org'] } } }",
        "- { type: com.docker.sandbox/credential@1, config: { service: a, phase: runtime, apiKey: { inject: [{ domain: api.example.org }] } } }",
      ],
    }),
    /the key would go to "api\.example\.org"/,
  ],
  ["build and dockerfile together", aKit({ top: ["build: FROM scratch", "dockerfile: x"] }), /exclude each other/],
  ["a dockerfile outside", aKit({ top: ["dockerfile: ../../etc/passwd"] }), /inside the Kit's directory/],
  ["a plain http source", aKit({ top: ["sourceUrl: http://example.org"] }), /https/],
  ["an undeclared argument", aKit({ top: ['displayName: "${{ kit.args.nope }}"'] }), /"nope" is not declared/],
  ["an argument without default", aKit({ top: ['displayName: "${{ kit.args.a }}"', "args: { a: { required: true } }"] }), /has no value; give it with --arg/],
  ["an argument with default and required", aKit({ top: ["args: { a: { default: x, required: true } }"] }), /either a default or required/],
  ["a default that is none of the enum", aKit({ top: ["args: { a: { default: x, enum: [y] } }"] }), /none of the enum/],
  ["a reference to the environment", aKit({ top: ['displayName: "${{ kit.env.HOME }}"'] }), /variables are filled into values of a capability's config alone/],
  ["a text larger than 512 KiB", aKit({ top: [`description: ${"x".repeat(600_000)}`] }), /larger than 512 KiB/],
  ["lists a hundred thousand deep", `a: ${"[".repeat(100_000)}`, /deeper/],
  ["sequences a hundred thousand deep", `a:\n ${"- ".repeat(100_000)}x`, /deeper/],
  ["a hundred levels", `a: ${"[".repeat(100)}${"]".repeat(100)}`, /deeper/],
];

describe("the grammar of a Kit", () => {
  for (const [what, text, message] of BAD) {
    it(`refuses ${what}`, ({ expect }) => {
      const problem = problemOf(text);
      expect(problem.message).toMatch(message);
      expect(problem.message).toMatch(/^kit\.yaml:\d+:\d+: /);
      expect(problem.code).toBe("KIT_INVALID");
      expect(problem.fix).not.toBe("");
      expect(problem.message).not.toMatch(/[\p{Cc}]/u);
    });
  }

  it("refuses hosts that a Kit may not open", ({ expect }) => {
    for (const host of [
      "169.254.169.254",
      "10.0.0.0/8",
      "127.0.0.1",
      "localhost:22",
      "host.docker.internal:5432",
      "gateway.docker.internal",
      "model.sbx.internal",
      "a.*.org",
      "**.example.org",
      "a:1-9",
      "https://example.org",
      "[::1]:80",
      "a:b:c",
      "2130706433",
    ]) {
      const text = aKit({ capabilities: [`- { type: com.docker.sandbox/network-policy@1, config: { runtime: { allow: ["${host}"] } } }`] });
      expect(problemOf(text).message, host).toContain("is no host pattern");
    }
  });

  it("keeps the configuration of an unknown type unread", ({ expect }) => {
    const kit = parseKit(aKit({ capabilities: ["- type: org.example/thing@2", "  optional: true", "  config: { anything: [1, { goes: null }] }"] }));
    expect(kit.declarations).toEqual([
      { path: "capabilities[0]", optional: true, members: [expect.objectContaining({ known: false, type: "org.example/thing@2", config: { anything: [1, { goes: null }] } })] },
    ]);
  });

  it("names the members of a group by their place", ({ expect }) => {
    const kit = parseKit(aKit({ capabilities: ["- group:", "    optional: true", "    capabilities:", "      - type: com.docker.sandbox/git-identity@1", "      - type: org.example/x@1"] }));
    expect(kit.declarations[0]?.members.map(({ path }) => path)).toEqual(["capabilities[0].group.capabilities[0]", "capabilities[0].group.capabilities[1]"]);
  });

  it("fills arguments in, and gives a whole reference the type of its value", ({ expect }) => {
    const args = 'args: { n: { default: "2" }, v: { default: "1.0", env: THING_VERSION }, t: { default: "true" } }';
    const kit = parseKit(
      aKit({
        top: [args, 'displayName: "Thing ${{ kit.args.v }}"'],
        capabilities: [
          '- { type: com.docker.sandbox/resources@1, config: { cpu: "${{ kit.args.n }}" } }',
          '- { type: org.example/x@1, config: ["${{ kit.args.v }}", "${{kit.args.t}}", "a ${{ kit.args.n }}"] }',
        ],
      }),
    );
    expect(kit.descriptor.displayName).toBe("Thing 1.0");
    expect(kit.declarations.map(({ members }) => members[0]?.config)).toEqual([{ cpu: 2 }, ["1.0", true, "a 2"]]);
    expect(kit.argEnv).toEqual({ THING_VERSION: "1.0" });
  });

  it("leaves no trace of __proto__ keys", ({ expect }) => {
    expect(problemOf(aKit({ top: ["__proto__: { polluted: true }"] })).message).toContain("__proto__");
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it("answers any text with a Kit or an AppError", ({ expect }) => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "\n",
        "  ",
        "- ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!x ",
        "|",
        ">",
        "---",
        "? ",
        "<<: ",
        '"',
        "'",
        "#",
        'schemaVersion: "3"\n',
        "kind: workload\n",
        "capabilities:\n",
        "- type: com.docker.sandbox/lifecycle@1\n",
        "  config: ",
        "${{ kit.args.a }}",
        "args: ",
        "null",
        "group: ",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          parseKit(pieces.join(""));
        } catch (error) {
          expect(AppError.is(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("answers any value in a valid frame with a Kit or an AppError", ({ expect }) => {
    const keys = fc.constantFrom(
      "type",
      "config",
      "optional",
      "group",
      "capabilities",
      "runtime",
      "allow",
      "service",
      "phase",
      "apiKey",
      "inject",
      "domain",
      "launch",
      "files",
      "path",
      "content",
      "verbs",
      "model",
      "__proto__",
      "constructor",
      "toString",
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.constantFrom("com.docker.sandbox/network-policy@1", "dev.sbx/agent@1", "/home/agent/x", "*.example.org"),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(keys, tie("value"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (capabilities) => {
        try {
          parseKit(JSON.stringify({ schemaVersion: "3", kind: "workload", capabilities }));
        } catch (error) {
          expect(AppError.is(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
