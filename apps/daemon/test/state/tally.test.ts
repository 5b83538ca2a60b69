import { SandboxId, type EventInit } from "@sbx/contracts";
import { describe, it } from "vitest";
import { Tally } from "../../src/state/tally.ts";

const [ONE, TWO] = [SandboxId.parse("sbx_00000001"), SandboxId.parse("sbx_00000002")];

describe("what is counted of sandboxes", () => {
  it("is each one's own, passes every event on, and is forgotten with it", ({ expect }) => {
    const passed: EventInit[] = [];
    const tally = new Tally();
    const record = tally.counting((event) => passed.push(event));
    const events: readonly EventInit[] = [
      { type: "egress.allowed", sandbox: ONE, fields: { bytesIn: 10, bytesOut: 3 } },
      { type: "egress.allowed", sandbox: ONE, fields: { bytesIn: 5, bytesOut: 0 } },
      { type: "egress.denied", sandbox: ONE, fields: {} },
      { type: "model.used", sandbox: ONE, fields: { inputTokens: 7, outputTokens: 9 } },
      { type: "egress.allowed", sandbox: TWO, fields: { bytesIn: -5, bytesOut: "x" } },
      { type: "egress.allowed", fields: { bytesIn: 1, bytesOut: 1 } },
    ];
    for (const event of events) record(event);
    expect(passed).toEqual(events);
    expect(tally.of(ONE)).toEqual({ network: { bytesIn: 15, bytesOut: 3, connections: 2, refused: 1 }, model: { requests: 1, inputTokens: 7, outputTokens: 9 } });
    expect(tally.of(TWO).network).toEqual({ bytesIn: 0, bytesOut: 0, connections: 1, refused: 0 });
    tally.forget(ONE);
    expect(tally.of(ONE).network.bytesIn).toBe(0);
  });
});
