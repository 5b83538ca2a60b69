import fc from "fast-check";
import { describe, it } from "vitest";
import { readCall } from "../src/read-call.ts";

describe("a call of the adapter's contract", () => {
  it("is read with its flags behind the references", ({ expect }) => {
    expect(readCall(["create", "/f/workload", "/f/hooks", "--name", "a", "--arg", "x=1=2", "--env", "E=", "--ssh-agent", "/s", "--ssh-known-hosts", "/k"])).toEqual({
      verb: "create",
      references: ["/f/workload", "/f/hooks"],
      wishes: { name: "a", args: { x: "1=2" }, env: { E: "" }, skills: "readwrite", reject: [], sshAgent: { socket: "/s", knownHosts: "/k" } },
    });
    expect(
      readCall(["create", "/f", "--skills-host-mode", "off", "--skills-host-store", "empty", "--reject-capability", "a/b@1", "--reject-capability", "a/c@1", "--git-identity-config", "/g"]),
    ).toMatchObject({ wishes: { skills: "off", store: "empty", reject: ["a/b@1", "a/c@1"], gitIdentity: "/g" } });
    expect(readCall(["selection-policy", "tck-1", "--reject-capability", "a/b@1"])).toEqual({ verb: "selection-policy", id: "tck-1", reject: ["a/b@1"] });
    expect(readCall(["selection-policy", "tck-1"])).toEqual({ verb: "selection-policy", id: "tck-1", reject: [] });
    expect(readCall(["selection", "tck-1"])).toEqual({ verb: "selection", id: "tck-1" });
    expect(readCall(["create", "/f", "--skills-host-mode", "all"])).toBeTypeOf("string");
    expect(readCall(["recreate", "tck-1", "/f/a", "--arg", "x=2"])).toEqual({ verb: "recreate", id: "tck-1", references: ["/f/a"], args: { x: "2" } });
    expect(readCall(["recreate", "tck-1"])).toEqual({ verb: "recreate", id: "tck-1", references: [], args: {} });
  });

  it("gives the words of a command as they are, whatever they look like", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (command) => {
        expect(readCall(["exec", "tck-1", "--", ...command])).toEqual({ verb: "exec", id: "tck-1", command });
      }),
    );
  });

  it.for([
    [[]],
    [["create"]],
    [["create", "--name", "a"]],
    [["exec", "a", "ls"]],
    [["exec", "a", "--"]],
    [["stop"]],
    [["stop", "a", "b"]],
    [["create", "/f", "--arg", "x"]],
    [["create", "/f", "--name"]],
    [["recreate"]],
    [["recreate", "a", "--env", "x=1"]],
    [["made-up", "a"]],
    [["create", "/f", "--made-up", "a"]],
    [["create", "/f", "--name", "a", "--name", "b"]],
    [["create", "/f", "--skills-host-store", "full"]],
    [["create", "/f", "--git-identity-config", "relative"]],
    [["create", "/f", "--ssh-agent", "relative"]],
    [["selection-policy"]],
    [["selection-policy", "--reject-capability", "a/b@1"]],
    [["selection-policy", "tck-1", "--arg", "a=b"]],
    [["selection"]],
  ])("is none: %j", ([words], { expect }) => {
    expect(readCall(words ?? [])).toBeTypeOf("string");
  });
});
