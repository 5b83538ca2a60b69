import { PodId, SandboxId, type EventInit } from "@sbx/contracts";
import { compilePolicy } from "@sbx/egress-policy";
import { describe, it } from "vitest";
import { PodRegister, type RegisteredPod } from "../../src/network/pod-register.ts";

const SERVER = PodId.parse("mcp_aaaaaaaa");
const OWNER = SandboxId.parse("sbx_aaaaaaaa");

function aPod(more: Partial<RegisteredPod> = {}): RegisteredPod {
  return { scope: () => "--server search", policy: () => compilePolicy([]), sandbox: OWNER, fields: { server: "search" }, ...more };
}

describe("the register of pods", () => {
  it("puts a server's events into the record of its sandbox, and its own name over what a pod says", ({ expect }) => {
    const events: EventInit[] = [];
    const register = new PodRegister();
    register.add(SERVER, aPod());
    register.recorder((event) => events.push(event))({ type: "egress.denied", pod: SERVER, fields: { to: "evil.test", server: "another" } });
    expect(events).toEqual([{ type: "egress.denied", sandbox: OWNER, fields: { to: "evil.test", server: "search" } }]);
  });

  it("gives events of a host's server to no sandbox", ({ expect }) => {
    const events: EventInit[] = [];
    const register = new PodRegister();
    register.add(SERVER, aPod({ sandbox: undefined }));
    register.recorder((event) => events.push(event))({ type: "egress.allowed", pod: SERVER, fields: {} });
    expect(events).toEqual([{ type: "egress.allowed", fields: { server: "search" } }]);
  });

  it("knows whose the last events of a closed pod are, and answers nothing else about it", ({ expect }) => {
    const events: EventInit[] = [];
    const register = new PodRegister();
    const record = register.recorder((event) => events.push(event));
    const close = register.add(SERVER, aPod());
    close();
    record({ type: "egress.allowed", pod: SERVER, fields: {} });
    expect(events[0]?.sandbox).toBe(OWNER);
    expect(() => register.get(SERVER)).toThrow(/not open/);
  });

  it("never throws for a pod that nobody knows, and names it", ({ expect }) => {
    const events: EventInit[] = [];
    new PodRegister().recorder((event) => events.push(event))({ type: "gate.rejected", pod: SERVER, fields: { reason: "x" } });
    expect(events).toEqual([{ type: "gate.rejected", fields: { reason: "x", pod: SERVER } }]);
  });

  it("lets no second pod take an id, and no late close take the place of another", ({ expect }) => {
    const register = new PodRegister();
    const close = register.add(SERVER, aPod());
    expect(() => register.add(SERVER, aPod())).toThrow(/open already/);
    close();
    const again = aPod({ fields: { server: "again" } });
    register.add(SERVER, again);
    close();
    expect(register.get(SERVER)).toBe(again);
  });
});
