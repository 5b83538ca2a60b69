import fc from "fast-check";
import { describe, it } from "vitest";
import { AppError } from "@sbx/contracts";
import { parseKit } from "../../src/kit/parse-kit.ts";
import { resolveProfile } from "../../src/kit/resolve-profile.ts";
import { defineAgent, type AgentDefinition, type DefinedAgent } from "../../src/sdk/agent-definition.ts";

const profileOf = ({ name, files }: DefinedAgent) => resolveProfile(parseKit(files["kit.yaml"] ?? ""), { name, directory: `/kits/${name}`, dockerfile: files["kit.dockerfile"] });

describe("a profile as a value", () => {
  it("becomes a Kit that means the same", ({ expect }) => {
    const kit = defineAgent({
      name: "linter",
      dockerfile: 'ARG SBX_BASE\nFROM ${SBX_BASE}\nUSER agent\nENTRYPOINT ["lint"]\n',
      description: "Looks at code.",
      allow: ["api.example.org:443", "*.example.net"],
      deny: ["telemetry.example.org"],
      resources: { cpus: 1.5, memory: "512m" },
      hooks: { startup: ["echo up", ["true", "x"]] },
      agent: { launch: { headless: ["--check"] }, env: { LINT: "yes" } },
    });
    const profile = profileOf(kit);
    expect(profile).toMatchObject({ name: "linter", description: "Looks at code.", allow: ["api.example.org:443", "*.example.net"], resources: { cpus: 1.5, memoryBytes: 512 << 20 }, skipped: [] });
    expect(profile.rules.filter(({ effect }) => effect === "deny").map(({ to }) => to)).toEqual(["telemetry.example.org"]);
    expect(profile.launch("headless", ["a"])).toEqual(["lint", "--check", "a"]);
    expect(profile.hooks.startup).toHaveLength(2);
  });

  it("without anything is a shell in the base image", ({ expect }) => {
    const profile = profileOf(defineAgent({ name: "bare" }));
    expect(profile).toMatchObject({ displayName: "bare", allow: [] });
    expect(profile.dockerfile).toContain("FROM ${SBX_BASE}");
  });

  it.for([
    ["a name that leads elsewhere", { name: "../x" }],
    ["a name in capitals", { name: "Linter" }],
    ["an empty name", { name: "" }],
    ["an address, which only a person opens", { name: "a", allow: ["10.0.0.1"] }],
    ["a service of this machine", { name: "a", allow: ["host.docker.internal:80"] }],
    ["a host that is none", { name: "a", allow: ["a b"] }],
    ["a capability that nobody carries out", { name: "a", capabilities: [{ type: "com.docker.sandbox/privileged@1" }] }],
    ["a recipe without a base", { name: "a", dockerfile: "RUN x" }],
  ] as const)("is refused at once with %s", ([, definition], { expect }) => {
    expect(() => defineAgent(definition as AgentDefinition)).toThrow(AppError);
  });

  it("says no more in its Kit than what was given, whatever texts it has", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: "binary" }), fc.string({ maxLength: 60 }), (description, value) => {
        try {
          const { descriptor, declarations } = parseKit(defineAgent({ name: "a", description, agent: { env: { X: value } } }).files["kit.yaml"] ?? "");
          expect(descriptor.description).toBe(description);
          expect(declarations.map(({ members }) => members.map(({ type }) => type))).toEqual([["dev.sbx/agent@1"]]);
        } catch (error) {
          if (!AppError.is(error)) throw error;
        }
      }),
    );
  });
});
