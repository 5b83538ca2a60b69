import { describe, it } from "vitest";
import type { KitMember } from "../../src/kit/kit-member.ts";
import { parseKit } from "../../src/kit/parse-kit.ts";
import { composeProfile } from "../../src/kit/resolve-profile.ts";

function member(name: string, kind: "workload" | "mixin", grants: readonly string[]): KitMember {
  const kit = parseKit(
    ['schemaVersion: "3"', `kind: ${kind}`, ...(grants.length === 0 ? [] : ["capabilities:"]), ...grants.map((grant) => `  - {type: com.docker.sandbox/ssh-agent@1, ${grant}}`), ""].join("\n"),
  );
  return { reference: name, name, directory: `/kits/${name}`, kit, withEnv: () => kit, dockerfile: kind === "workload" ? 'FROM x\nENTRYPOINT ["a"]\n' : undefined, contents: new Map() };
}

const composed = (kits: readonly (readonly string[])[], facts: Parameters<typeof composeProfile>[1] = { sshAgent: true }) =>
  composeProfile(
    kits.map((grants, index) => member(`kit-${index}`, index === 0 ? "workload" : "mixin", grants)),
    facts,
  );
const grantsOf = (...kits: readonly (readonly string[])[]) => composed(kits).ssh;

const GIT = "config: {phase: runtime, unrestricted: false, sign: [git]}";
const LOGIN = "config: {phase: [install, runtime], unrestricted: false, authenticate: [git@github.com]}";

describe("what Kits are granted of an SSH agent", () => {
  it("is nothing where none asks", ({ expect }) => {
    expect(grantsOf([])).toEqual({});
  });

  it("is told for each phase by itself", ({ expect }) => {
    expect(grantsOf(["config: {phase: install}"])).toEqual({ install: { unrestricted: true } });
    expect(grantsOf([LOGIN])).toEqual({
      install: { unrestricted: false, sign: [], authenticate: ["git@github.com"] },
      runtime: { unrestricted: false, sign: [], authenticate: ["git@github.com"] },
    });
  });

  it("is what all of them ask for together, in each phase", ({ expect }) => {
    expect(grantsOf([GIT], [LOGIN], ["config: {phase: runtime, unrestricted: false, sign: [file, git]}"])).toEqual({
      runtime: { unrestricted: false, sign: ["git", "file"], authenticate: ["git@github.com"] },
      install: { unrestricted: false, sign: [], authenticate: ["git@github.com"] },
    });
  });

  it("is everything in the phase in which one asks for everything, and in no other", ({ expect }) => {
    for (const kits of [
      [[LOGIN], ["config: {phase: runtime}"]],
      [["config: {phase: runtime}"], [LOGIN]],
    ])
      expect(grantsOf(...kits)).toEqual({ runtime: { unrestricted: true }, install: { unrestricted: false, sign: [], authenticate: ["git@github.com"] } });
  });

  it("is nothing without a word of the person: a Kit that requires it is refused by the type, an optional one leaves it out, with the same words", ({ expect }) => {
    expect(() => composed([[GIT]], { sshAgent: false })).toThrow(
      expect.objectContaining({ code: "KIT_UNSUPPORTED", message: expect.stringMatching(/com\.docker\.sandbox\/ssh-agent@1 \(capabilities\[0\]\).*--ssh-agent/) }),
    );
    const { ssh, skipped, selection } = composed([[`optional: true, ${GIT}`]], { sshAgent: false });
    expect([ssh, skipped, selection.selection.selected, selection.surface]).toEqual([{}, [expect.stringMatching(/com\.docker\.sandbox\/ssh-agent@1.*--ssh-agent/)], [], {}]);
  });

  it("is nothing where the person gives the type to no Kit", ({ expect }) => {
    expect(() => composed([[GIT]], { sshAgent: true, reject: ["com.docker.sandbox/ssh-agent@1"] })).toThrow(expect.objectContaining({ code: "KIT_UNSUPPORTED" }));
  });

  it("is shown as asked for where Kits are looked at without a sandbox", ({ expect }) => {
    expect(composed([[GIT]], {}).ssh).toEqual({ runtime: { unrestricted: false, sign: ["git"], authenticate: [] } });
  });
});
