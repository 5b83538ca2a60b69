import { SandboxId, type EventInit } from "@sbx/contracts";
import { describe, it } from "vitest";
import { limitTraffic } from "../../src/state/limit-traffic.ts";

const OWNER = SandboxId.parse("sbx_aaaaaaaa");

describe("the limit of traffic in the record", () => {
  it.for([
    ["of a sandbox", { sandbox: OWNER }, {}],
    ["of a sandbox's server", { sandbox: OWNER }, { server: "loud" }],
    ["of a server that works for no sandbox", {}, { server: "loud" }],
  ] as const)("holds back a flood %s", ([, whose, fields], { expect }) => {
    const written: EventInit[] = [];
    const record = limitTraffic(
      (event) => written.push(event),
      () => new Date(0),
    );
    for (let count = 0; count < 1000; count += 1) record({ type: "egress.denied", ...whose, fields });
    expect(written).toHaveLength(200);
  });

  it("gives a sandbox room of its own when one of its servers is loud", ({ expect }) => {
    const written: EventInit[] = [];
    const record = limitTraffic(
      (event) => written.push(event),
      () => new Date(0),
    );
    for (let count = 0; count < 1000; count += 1) record({ type: "egress.denied", sandbox: OWNER, fields: { server: "loud" } });
    record({ type: "egress.denied", sandbox: OWNER, fields: { to: "evil.test" } });
    record({ type: "egress.denied", sandbox: OWNER, fields: { server: "quiet" } });
    expect(written.slice(200).map(({ fields }) => fields)).toEqual([{ to: "evil.test" }, { server: "quiet" }]);
  });
});
