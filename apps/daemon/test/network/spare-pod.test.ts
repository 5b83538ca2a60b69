import { SandboxId } from "@sbx/contracts";
import { compilePolicy, decide } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { createSandboxNetwork } from "../../src/network/sandbox-network.ts";
import { SparePod } from "../../src/network/spare-pod.ts";

const ID = SandboxId.parse("sbx_aaaaaaaa");
const ANYTHING = compilePolicy([{ id: "all", effect: "allow", to: "**", layer: "user" }]);
const OWNER = { scope: () => "--sandbox box", policy: () => ANYTHING, sandbox: ID, fields: {} };

describe("a pod that is nobody's", () => {
  it("may reach nothing, names nobody, and is marked in the record, until it is given away, once", ({ expect }) => {
    const pod = new SparePod(ID);
    const allows = (): string => decide(pod.policy(), { kind: "name", name: "example.org", port: 443 }).effect;
    expect([pod.isGiven, allows(), pod.scope(), pod.sandbox, pod.fields]).toEqual([false, "deny", undefined, undefined, { spare: true }]);
    pod.give(OWNER);
    expect([pod.isGiven, allows(), pod.scope(), pod.sandbox, pod.fields]).toEqual([true, "allow", "--sandbox box", ID, {}]);
    expect(() => {
      pod.give(OWNER);
    }).toThrow("is somebody's already");
  });

  it("answers no name, sbx's own neither, before it is a sandbox's, and then asks that one's rules", async ({ expect }) => {
    const asked: string[] = [];
    const opened: { mayAllow: (name: string) => boolean; local?: ((name: string) => string | undefined) | undefined }[] = [];
    const link = { socketDirectory: "/pod", state: () => "ready" as const, ready: () => Promise.resolve(), starter: () => Promise.resolve(undefined), [Symbol.asyncDispose]: () => Promise.resolve() };
    const network = createSandboxNetwork({
      openPod: (_, known, opening) => {
        opened.push(opening);
        expect(known).toBeInstanceOf(SparePod);
        return Promise.resolve(link);
      },
      policyOf: (id) => {
        asked.push(id);
        return ANYTHING;
      },
      sandbox: () => {
        throw new Error("there is none");
      },
      requestsOf: () => undefined,
    });
    const spare = await network.openSpare({ id: ID, hostname: "sbx-aaaaaaaa", directory: "/pods/x" });
    const [opening] = opened;
    const names = ["example.org", "model.sbx.internal", "mcp.sbx.internal", "host.docker.internal", "box"];
    expect(names.map((name) => opening?.mayAllow(name))).toEqual(names.map(() => false));
    expect([opening?.local?.("box"), asked]).toEqual([undefined, []]);
    spare.give({ name: "Box" });
    expect([opening?.mayAllow("model.sbx.internal"), opening?.mayAllow("example.org"), opening?.local?.("box"), opening?.local?.("example.org")]).toEqual([true, true, "127.0.0.1", undefined]);
    expect(asked).toEqual([ID, ID]);
    expect(() => {
      spare.give({ name: "other" });
    }).toThrow("is somebody's already");
  });
});
