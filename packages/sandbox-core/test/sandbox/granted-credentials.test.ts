import { describe, it } from "vitest";
import { grantedCredentials } from "../../src/sandbox/granted-credentials.ts";

const phases: ("install" | "runtime")[] = ["runtime"];
const injections = [{ domain: "a.example", header: "x-key", format: "%s" }];

function parts() {
  let made = 0;
  return { newPlaceholder: (service: string | undefined) => `${service ?? ""}-${(made += 1)}` };
}

describe("the credentials of a sandbox's record", () => {
  it("have a placeholder each where they have a variable, and none where they have none", ({ expect }) => {
    const granted = grantedCredentials(
      parts(),
      {
        credentials: [
          { service: "a", name: "A", injections, phases },
          { service: "b", injections, phases },
          { service: "c", name: "C", injections, phases },
        ],
      },
      [],
    );
    expect(granted.credentials).toEqual([
      { service: "a", name: "A", placeholder: "a-1", injections, phases },
      { service: "b", injections, phases },
      { service: "c", name: "C", placeholder: "c-2", injections, phases },
    ]);
    expect(grantedCredentials(parts(), { credentials: [] }, granted.credentials ?? [])).toEqual({});
  });

  it("have one placeholder for both phases, and the record tells them apart", ({ expect }) => {
    const both = [
      { service: "a", name: "A", injections, phases: ["install" as const] },
      { service: "a", name: "A", injections, phases: ["runtime" as const] },
    ];
    expect(grantedCredentials(parts(), { credentials: both }, []).credentials).toEqual(both.map((one) => ({ ...one, placeholder: "a-1" })));
  });

  it("keep what stood for them when the sandbox is made anew", ({ expect }) => {
    const before = [{ service: "a", name: "OLD", placeholder: "kept", injections }];
    const { credentials } = grantedCredentials(
      parts(),
      {
        credentials: [
          { service: "a", name: "A", injections, phases },
          { service: "b", name: "B", injections, phases },
        ],
      },
      before,
    );
    expect(credentials?.map(({ name, placeholder }) => [name, placeholder])).toEqual([
      ["A", "kept"],
      ["B", "b-1"],
    ]);
  });
});
