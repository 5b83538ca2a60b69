import { describe, it } from "vitest";
import { workloadAccount } from "../../src/kit/workload-account.ts";
import { composeProfile } from "../../src/kit/resolve-profile.ts";
import { NASTY } from "./a-kit.ts";
import { parseKit } from "../../src/kit/parse-kit.ts";

const FLOOR = { name: "agent", home: "/home/agent" };

function accountOf(dockerfile: string, capabilities = "[{ type: com.docker.sandbox/sbx@1 }]"): unknown {
  const kit = parseKit(`schemaVersion: "3"\nkind: workload\ncapabilities: ${capabilities}\n`);
  return workloadAccount([{ reference: "w", name: "w", directory: "/kits/w", kit, withEnv: () => kit, dockerfile, contents: new Map() }]);
}

describe("the account of a workload whose capabilities are chosen", () => {
  const profileOf = (capabilities: string, facts: Parameters<typeof composeProfile>[1]) => {
    const kit = parseKit(`schemaVersion: "3"\nkind: workload\ncapabilities: ${capabilities}\n`);
    const { account, home, seedFiles } = composeProfile(
      [{ reference: "w", name: "w", directory: "/kits/w", kit, withEnv: () => kit, dockerfile: 'FROM base\nUSER bob\nCMD ["x"]', contents: new Map() }],
      facts,
    );
    return { name: account, home, files: seedFiles(NASTY).map(({ path }) => path) };
  };
  const asks = (more = "") => `[{ group: { optional: true, capabilities: [{ type: com.docker.sandbox/sbx@1 }${more}] } }]`;

  it("is the floor's where its person gives that type to no Kit", ({ expect }) => {
    expect(profileOf(asks(), {})).toEqual({ name: "bob", home: "/home/bob", files: [] });
    expect(profileOf(asks(), { reject: ["com.docker.sandbox/sbx@1"] })).toEqual({ ...FLOOR, files: [] });
    expect(() => profileOf("[{ type: com.docker.sandbox/sbx@1 }]", { reject: ["com.docker.sandbox/sbx@1"] })).toThrow(/--reject-capability/);
  });

  it("is the floor's where what asks for another is left out for something else", ({ expect }) => {
    expect(profileOf(asks(", { type: com.docker.sandbox/privileged@1 }"), {})).toEqual({ ...FLOOR, files: [] });
  });
});

describe("the account of a workload", () => {
  it("is its image's user where it asks for that by sbx@1", ({ expect }) => {
    expect(accountOf('FROM base\nUSER bob\nCMD ["x"]')).toEqual({ name: "bob", home: "/home/bob" });
    expect(accountOf('FROM base\nUSER root\nRUN x\nUSER bob\nCMD ["x"]')).toEqual({ name: "bob", home: "/home/bob" });
    expect(accountOf('FROM base\nUSER bob\nCMD ["x"]', "[]")).toEqual(FLOOR);
  });

  it.for(["agent", "root", "0", "1234", "1234:1234", "bob:bob", "../root", "$WHO", "Bob", "bob/x", `b${"o".repeat(40)}b`])("is the floor's where the image says %s", (user, { expect }) => {
    expect(accountOf(`FROM base\nUSER ${user}\nCMD ["x"]`)).toEqual(FLOOR);
  });

  it("is the floor's where the last stage says nobody", ({ expect }) => {
    expect(accountOf('FROM base AS one\nUSER bob\nFROM base\nCMD ["x"]')).toEqual(FLOOR);
  });
});
