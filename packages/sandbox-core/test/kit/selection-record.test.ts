import { describe, it } from "vitest";
import { parseKit } from "../../src/kit/parse-kit.ts";
import { composeProfile } from "../../src/kit/resolve-profile.ts";
import { withRejected } from "../../src/kit/selection-record.ts";

const RECIPE = 'FROM x\nENTRYPOINT ["a"]\n';

function profileOf(capabilities: string, facts: Parameters<typeof composeProfile>[1] = {}) {
  const kit = parseKit(`schemaVersion: "3"\nkind: workload\ncapabilities:\n${capabilities}`);
  return composeProfile([{ reference: "/kits/one", name: "one", directory: "/kits/one", kit, withEnv: () => kit, dockerfile: RECIPE, contents: new Map() }], facts);
}

const GROUP = `  - source: {kit: registry.example/a, path: "capabilities[7]"}
    group:
      name: feature
      optional: true
      capabilities:
        - {type: com.docker.sandbox/volume@1, config: {path: /data//x}, source: {kit: registry.example/a, path: "capabilities[7].group.capabilities[2]"}}
        - {type: com.docker.sandbox/lifecycle@1, config: {startup: [{command: [a], user: agent}]}}
`;

describe("what is noted of the declarations of Kits", () => {
  it("names Kit and place of each, and of what a Kit was put together of the places that it states", ({ expect }) => {
    const { selection, surface } = profileOf(`${GROUP}  - {type: example.org/unknown@1, optional: true, name: mine, config: {a: 1}}\n`).selection;
    expect(selection).toEqual({
      selected: [
        {
          path: "capabilities[0]",
          name: "feature",
          source: { kit: "registry.example/a", path: "capabilities[7]" },
          members: ["capabilities[0].group.capabilities[0]", "capabilities[0].group.capabilities[1]"],
          memberSources: [
            { kit: "registry.example/a", path: "capabilities[7].group.capabilities[2]" },
            { kit: "/kits/one", path: "capabilities[0].group.capabilities[1]" },
          ],
          decisions: [{ accepted: true }, { accepted: true }],
        },
      ],
      skipped: [
        {
          path: "capabilities[1]",
          name: "mine",
          source: { kit: "/kits/one", path: "capabilities[1]" },
          members: ["capabilities[1]"],
          memberSources: [{ kit: "/kits/one", path: "capabilities[1]" }],
          rejected: ["capabilities[1]"],
          decisions: [{ accepted: false, message: "sbx does not know this type" }],
        },
      ],
    });
    expect(surface).toEqual({ storagePaths: ["/data/x"] });
  });

  it("says of a group that is left out which members are to blame, and grants nothing of it", ({ expect }) => {
    const { selection, surface } = profileOf(GROUP, { reject: ["com.docker.sandbox/lifecycle@1"] }).selection;
    expect(selection.selected).toEqual([]);
    expect(selection.skipped).toMatchObject([
      { rejected: ["capabilities[0].group.capabilities[1]"], decisions: [{ accepted: true }, { accepted: false, message: expect.stringContaining("--reject-capability") }] },
    ]);
    expect(surface).toEqual({});
  });

  it("refuses what is required and rejected, and names each by Kit and place", ({ expect }) => {
    const reject = ["com.docker.sandbox/lifecycle@1", "com.docker.sandbox/volume@1"];
    expect(() => profileOf(GROUP.replace("optional: true", "optional: false"), { reject })).toThrow(
      expect.objectContaining({ code: "KIT_UNSUPPORTED", message: expect.stringMatching(/"one".*capabilities\[0\]\.group\.capabilities\[0\].*"one".*capabilities\[0\]\.group\.capabilities\[1\]/) }),
    );
  });

  it.for([true, undefined])("takes the identity for commits where there is one, or nobody asked yet: %s", (gitIdentity, { expect }) => {
    const profile = profileOf("  - {type: com.docker.sandbox/git-identity@1}\n", { gitIdentity });
    expect([profile.gitIdentity, profile.selection.surface]).toEqual([true, { services: ["com.docker.sandbox/git-identity@1"] }]);
  });

  it("refuses a Kit that requires the identity where there is none, and leaves an optional one out", ({ expect }) => {
    expect(() => profileOf("  - {type: com.docker.sandbox/git-identity@1}\n", { gitIdentity: false })).toThrow(
      expect.objectContaining({ code: "KIT_UNSUPPORTED", message: expect.stringMatching(/git-identity@1 \(capabilities\[0\]\).*git config --global/) }),
    );
    const profile = profileOf("  - {type: com.docker.sandbox/git-identity@1, optional: true}\n", { gitIdentity: false });
    expect([profile.gitIdentity, profile.selection.selection.selected, profile.selection.surface]).toEqual([false, [], {}]);
    expect(profile.selection.selection.skipped).toHaveLength(1);
  });

  it("moves what was taken to what is left out when the sandbox turns out not to have it", ({ expect }) => {
    const { selection } = profileOf(GROUP).selection;
    const moved = withRejected(selection, { kit: "/kits/one", path: "capabilities[0].group.capabilities[1]" }, "it is not there");
    expect(moved.selected).toEqual([]);
    expect(moved.skipped).toMatchObject([{ rejected: ["capabilities[0].group.capabilities[1]"], decisions: [{ accepted: true }, { accepted: false, message: "it is not there" }] }]);
    expect(withRejected(selection, { kit: "/kits/two", path: "capabilities[0].group.capabilities[1]" }, "x")).toEqual(selection);
  });
});

describe("what Kits are granted", () => {
  it("is a sorted list for each kind of access", ({ expect }) => {
    const { surface } = profileOf(`  - type: com.docker.sandbox/network-policy@2
    config:
      install: {allow: [b.example, a.example, a.example]}
      runtime: {allow: [{hosts: [c.example]}], deny: ["*.x.example"]}
  - {type: com.docker.sandbox/agent-skills@1, config: {path: /home/agent/.a}}
  - {type: com.docker.sandbox/agent-skills@1, config: {path: /home/agent/.b, mode: readwrite}}
  - {type: com.docker.sandbox/port@1, config: {container: 3000}}
  - {type: com.docker.sandbox/resources@1, config: {memory: 1g}}
  - {type: com.docker.sandbox/long-running@1}
  - {type: dev.sbx/agent@1, optional: true, config: {}}
`).selection;
    expect(surface).toEqual({
      networkInstallAllow: ["a.example", "b.example"],
      networkInstallHTTPAllow: ["ANY a.example/**", "ANY b.example/**"],
      networkRuntimeAllow: ["c.example"],
      networkRuntimeHTTPAllow: ["ANY c.example/**"],
      networkRuntimeDeny: ["*.x.example"],
      networkRuntimeHTTPDeny: ["ANY *.x.example/**"],
      skillsPaths: ["/home/agent/.a", "/home/agent/.b"],
      skillsWritePaths: ["/home/agent/.b"],
      ports: ["3000/tcp"],
      services: [expect.stringMatching(/^dev\.sbx\/agent@1\+[0-9a-f]{12}$/)],
    });
  });
});
