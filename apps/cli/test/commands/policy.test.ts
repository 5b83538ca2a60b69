import type { Decision } from "@sbx/contracts";
import { describe, it } from "vitest";
import { anEvent } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

const denied: Decision = { effect: "deny", reason: "no rule names it", fix: "sbx policy allow x.example.org" };

describe("sbx policy", () => {
  it("answers check with exit code 1 for what is denied and 0 for what is allowed", async ({ expect }) => {
    const no = await runLine(["policy", "check", "x.example.org"], { daemon: createFakeDaemon({ handlers: { checkPolicy: () => Promise.resolve(denied) } }) });
    expect(no).toMatchObject({ code: 1, out: "denied: no rule names it\n" });
    const yes = await runLine(["policy", "check", "x.example.org"], {
      daemon: createFakeDaemon({
        handlers: { checkPolicy: () => Promise.resolve({ effect: "allow", reason: "allowed by a rule", rule: { id: "user:1", effect: "allow", to: "x.example.org", layer: "user" } }) },
      }),
    });
    expect(yes).toMatchObject({ code: 0, out: "allowed: allowed by a rule\n" });
  });

  it.for([
    ["X.Example.org.", { kind: "name", name: "x.example.org", port: 443 }],
    ["x.example.org:8080", { kind: "name", name: "x.example.org", port: 8080 }],
    ["https://x.example.org/a?b", { kind: "name", name: "x.example.org", port: 443 }],
    ["http://x.example.org", { kind: "name", name: "x.example.org", port: 80 }],
    ["10.0.0.1:22", { kind: "address", address: "10.0.0.1", port: 22 }],
  ] as const)("reads %s as a destination", async ([text, destination], { expect }) => {
    const { daemon } = await runLine(["policy", "check", text], { daemon: createFakeDaemon({ handlers: { checkPolicy: () => Promise.resolve(denied) } }) });
    expect(daemon.calls[0]?.input).toEqual({ destination });
  });

  it.for(["", "a b", "x:0", "x:99999", "user@x", "x/y", "-x:y"])("refuses %j as a destination and asks nothing", async (text, { expect }) => {
    const { code, daemon } = await runLine(["policy", "check", "--", text]);
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
  });

  it("explains why, with the latest refusals of that host only", async ({ expect }) => {
    const events = [
      anEvent({ fields: { to: "x.example.org", port: 443, reason: "no rule names it" } }),
      anEvent({ fields: { to: "y.example.org", port: 443 } }),
      anEvent({ type: "egress.allowed", fields: { to: "x.example.org", port: 443 } }),
    ];
    const { out } = await runLine(["policy", "why", "x.example.org"], {
      daemon: createFakeDaemon({ handlers: { checkPolicy: () => Promise.resolve(denied), listEvents: () => Promise.resolve(events) } }),
    });
    expect(out).toMatchInlineSnapshot(`
      "denied: no rule names it
        fix: sbx policy allow x.example.org
        refused: 2026-01-02T03:04:05.000Z sbx_k3v9q2m1 x.example.org:443 no rule names it
      "
    `);
  });

  it("adds a rule and says how to take it back", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { addRule: ({ effect, to }) => Promise.resolve({ id: "user:1", effect, to, layer: "user" }) } });
    const { out } = await runLine(["policy", "allow", "**.example.org"], { daemon });
    expect(out).toBe("allowed: **.example.org for all sandboxes, from now on (take it back with: sbx policy rm user:1)\n");
    expect(daemon.calls[0]?.input).toEqual({ effect: "allow", to: "**.example.org" });
  });
});
