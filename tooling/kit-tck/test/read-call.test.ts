import fc from "fast-check";
import { describe, it } from "vitest";
import { readCall } from "../src/read-call.ts";

describe("a call of the adapter's contract", () => {
  it("is read with its flags behind the references", ({ expect }) => {
    expect(readCall(["create", "/f/workload", "/f/hooks", "--name", "a", "--arg", "x=1=2", "--env", "E=", "--ssh-agent", "/s"])).toEqual({
      verb: "create",
      references: ["/f/workload", "/f/hooks"],
      wishes: { name: "a", args: { x: "1=2" }, env: { E: "" }, skills: "readwrite", others: ["--ssh-agent", "/s"] },
    });
    expect(readCall(["create", "/f", "--skills-host-mode", "off", "--skills-host-store", "empty"])).toMatchObject({ wishes: { skills: "off", others: ["--skills-host-store", "empty"] } });
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
  ])("is none: %j", ([words], { expect }) => {
    expect(readCall(words ?? [])).toBeTypeOf("string");
  });
});
