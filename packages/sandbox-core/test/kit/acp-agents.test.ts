import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { findAcpAgent, type AcpAgent } from "../../src/kit/acp-agents.ts";
import type { KitMember } from "../../src/kit/kit-member.ts";
import { parseKit } from "../../src/kit/parse-kit.ts";
import type { AgentProfile } from "../../src/kit/profile.ts";
import { composeProfile } from "../../src/kit/resolve-profile.ts";
import { A_DOCKERFILE } from "./a-kit.ts";

const acp = (config: string, more = ""): string => `{ type: com.docker.sandbox/acp@1, config: { ${config} }${more} }`;

function member(name: string, kind: "workload" | "mixin", { top = [], capabilities }: { readonly top?: readonly string[]; readonly capabilities: readonly string[] }): KitMember {
  const kit = parseKit(['schemaVersion: "3"', `kind: ${kind}`, ...top, "capabilities:", ...capabilities.map((one) => `  - ${one}`), ""].join("\n"));
  return { reference: name, name, directory: `/kits/${name}`, kit, withEnv: () => kit, dockerfile: kind === "workload" ? A_DOCKERFILE : undefined, contents: new Map() };
}

const workload = (provides: string, ...capabilities: readonly string[]): KitMember =>
  member("thing", "workload", { top: ["version: '2.1.0'", `provides: [${provides}]`], capabilities: ["{ type: com.docker.sandbox/sbx@1 }", ...capabilities] });
const profileOf = (...members: readonly KitMember[]): AgentProfile => composeProfile(members);
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "done";
  } catch (error) {
    return AppError.is(error) ? `${error.code}: ${error.message} ${error.fix}` : String(error);
  }
};

describe("agents that speak the Agent Client Protocol", () => {
  it.for(["", ", optional: true"])("are those that a Kit declares and one of them provides, with the whole command (%j)", (optional, { expect }) => {
    const { acp: agents, skipped } = profileOf(workload("thing", acp("agent: com.docker.kit/thing, command: 'exec thing-acp', env: { A: b, B: '' }", optional)));
    expect(agents).toEqual([{ agent: "thing", command: ["sh", "-c", "exec thing-acp"], env: { A: "b", B: "" } }]);
    expect(skipped).toEqual([]);
  });

  it("are also declared by a mixin for the workload's agent, and for one of its own", ({ expect }) => {
    const adapter = member("adapter", "mixin", { capabilities: [acp("agent: org.example/thing, command: [adapter, --x]")] });
    const other = member("other", "mixin", { top: ["provides: [other@1]"], capabilities: [acp("agent: other, command: [other]")] });
    expect(profileOf(workload("org.example/thing@3"), adapter, other).acp.map(({ agent, command }) => [agent, command])).toEqual([
      ["org.example/thing", ["adapter", "--x"]],
      ["other", ["other"]],
    ]);
  });

  it.for(["", ", optional: true"])("are not those that no Kit provides, and that is no reason to refuse (%j)", (optional, { expect }) => {
    for (const agent of ["other", "org.example/thing", "thin", "thing2"]) {
      const { acp: agents, skipped } = profileOf(workload("thing", acp(`agent: ${agent}, command: [x]`, optional)));
      expect([agents, skipped], agent).toEqual([[], []]);
    }
  });

  it("are one where two Kits say the same in other words, and a conflict where they do not", ({ expect }) => {
    const same = member("same", "mixin", { capabilities: [acp("agent: com.docker.kit/thing, command: [sh, -c, run], protocolVersion: 1, env: {}")] });
    const differs = member("differs", "mixin", { capabilities: [acp("agent: thing, command: [sh, -c, other]")] });
    const base = workload("thing", acp("agent: thing, command: run"));
    expect(profileOf(base, same).acp).toEqual([{ agent: "thing", command: ["sh", "-c", "run"], env: {} }]);
    expect(codeOf(() => profileOf(base, differs))).toContain("KIT_CONFLICT");
  });
});

describe("the one that is meant", () => {
  const one: AcpAgent = { agent: "a", command: ["a"], env: {} };
  const two: AcpAgent = { agent: "org.example/b", command: ["b"], env: {} };

  it("is the one of the name, or the only one", ({ expect }) => {
    expect(findAcpAgent([one], undefined)).toBe(one);
    expect(findAcpAgent([one, two], "org.example/b")).toBe(two);
    expect(findAcpAgent([one, two], "com.docker.kit/a")).toBe(one);
  });

  it("is no other where there is none of the name, where there are several, or none at all", ({ expect }) => {
    expect(codeOf(() => findAcpAgent([one, two], "b"))).toBe('ACP_UNAVAILABLE: No Kit of this sandbox says how to start "b" for the Agent Client Protocol Name one of these: a, org.example/b');
    expect(codeOf(() => findAcpAgent([one, two], undefined))).toMatch(/^USAGE: Several agents .*a, org\.example\/b Name one: sbx acp --agent-name a AGENT$/);
    for (const wanted of [undefined, "a"]) expect(codeOf(() => findAcpAgent([], wanted))).toMatch(/^ACP_UNAVAILABLE: .*\(acp@1\) Add a Kit that does: sbx acp --kit KIT AGENT$/);
  });
});
