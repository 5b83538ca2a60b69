import { describe, it } from "vitest";
import { resolveProfile } from "../../src/kit/resolve-profile.ts";
import { parseKit } from "../../src/kit/parse-kit.ts";
import type { AgentProfile } from "../../src/kit/profile.ts";
import { A_DOCKERFILE, aKit, NASTY } from "./a-kit.ts";

function profileOf(text: string, dockerfile = A_DOCKERFILE): AgentProfile {
  return resolveProfile(parseKit(text), { name: "thing", directory: "/kits/thing", dockerfile });
}

describe("what Kits say to agents", () => {
  it("puts texts for agents beside the workspace, into the home, and at directories outside of it", ({ expect }) => {
    const context = (config: string): string => `- { type: com.docker.sandbox/agent-context@1, config: { ${config} } }`;
    const { contexts, seedFiles } = profileOf(
      aKit({
        capabilities: [context("content: beside"), context("directory: /home/agent/.a, filename: A.md, content: home"), context("directory: /opt/tool/, filename: T.md, content: tool")],
      }),
    );
    const index = "# Kits of this sandbox\n\nWhat each says to agents:\n\n- thing: /usr/share/sandbox/kit/thing/context.md\n";
    expect(contexts("/srv/app")).toEqual([
      { path: "/srv/AGENTS.md", content: `beside\n\n${index}` },
      { path: "/opt/tool/T.md", content: `tool\n\n${index}` },
      { path: "/usr/share/sandbox/kit/thing/context.md", content: "beside\n\nhome\n\ntool", alone: true },
    ]);
    expect(contexts("/app")[0]?.path).toBe("/AGENTS.md");
    expect(seedFiles(NASTY)).toMatchObject([{ path: "/home/agent/.a/A.md", content: `home\n\n${index}`, appendUnless: "# Kits of this sandbox" }]);
    expect(profileOf(aKit({ capabilities: [context("filename: CLAUDE.md, content: x")] })).contexts("/srv/app")[0]).toEqual({ path: "/srv/CLAUDE.md", content: `x\n\n${index}` });
  });

  it.for([
    ["/home/agent/work", { seeds: ["/home/agent/AGENTS.md"], contexts: ["/srv/AGENTS.md"] }],
    ["/opt/work", { seeds: [], contexts: ["/srv/AGENTS.md", "/opt/AGENTS.md"] }],
    ["/etc/work", { seeds: [], contexts: ["/srv/AGENTS.md"] }],
    ["/srv/other", { seeds: [], contexts: ["/srv/AGENTS.md"] }],
    ["/opt/../etc/x", { seeds: [], contexts: ["/srv/AGENTS.md"] }],
    ["$HOME/work", { seeds: [], contexts: ["/srv/AGENTS.md"] }],
  ] as const)("puts texts beside where the image begins, too, unless that is the system's: %s", ([workdir, { seeds, contexts }], { expect }) => {
    const profile = profileOf(aKit({ capabilities: ["- { type: com.docker.sandbox/agent-context@1, config: { content: x } }"] }), `${A_DOCKERFILE}WORKDIR ${workdir}\n`);
    const all = profile.contexts("/srv/app");
    expect(profile.seedFiles(NASTY).map(({ path }) => path)).toEqual(seeds);
    expect(all.map(({ path }) => path)).toEqual([...contexts, "/usr/share/sandbox/kit/thing/context.md"]);
    expect(all.slice(0, -1).every(({ content }) => content.startsWith("x\n\n# Kits of this sandbox"))).toBe(true);
  });
});
