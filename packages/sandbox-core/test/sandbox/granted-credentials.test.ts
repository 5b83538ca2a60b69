import { describe, it } from "vitest";
import { grantedCredentials } from "../../src/sandbox/granted-credentials.ts";

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
          { service: "a", name: "A", injections },
          { service: "b", injections },
          { service: "c", name: "C", injections },
        ],
      },
      [],
    );
    expect(granted.credentials).toEqual([
      { service: "a", name: "A", placeholder: "a-1", injections },
      { service: "b", injections },
      { service: "c", name: "C", placeholder: "c-2", injections },
    ]);
    expect(grantedCredentials(parts(), { credentials: [] }, granted.credentials ?? [])).toEqual({});
  });

  it("keep what stood for them when the sandbox is made anew", ({ expect }) => {
    const before = [{ service: "a", name: "OLD", placeholder: "kept", injections }];
    const { credentials } = grantedCredentials(
      parts(),
      {
        credentials: [
          { service: "a", name: "A", injections },
          { service: "b", name: "B", injections },
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
