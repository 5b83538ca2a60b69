import { describe, it } from "vitest";
import { ProgressView } from "../../src/run/progress-view.ts";
import { anEvent } from "../support/builders.ts";
import { createFakeIo } from "../support/fake-io.ts";

const progress = (fields: Record<string, string | number>) => anEvent({ type: "sandbox.progress", fields: { operation: "x", ...fields } });
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe("progress", () => {
  it("says nothing of quick steps, and a line with seconds of slow ones", async ({ expect }) => {
    const io = createFakeIo();
    using view = new ProgressView({ io, now: () => 0 });
    view.take(progress({ step: "start pod", state: "started" }));
    view.take(progress({ step: "start pod", state: "done", ms: 90 }));
    view.take(progress({ step: "image of claude", state: "started" }));
    view.take(progress({ step: "image of claude", state: "line", text: "Step 1/9" }));
    view.take(progress({ step: "image of claude", state: "done", ms: 61_234 }));
    await settle();
    expect(io.errors()).toBe("sbx: image of claude done (61.2 s)\n");
  });

  it("says which step failed, however quick", async ({ expect }) => {
    const io = createFakeIo();
    using view = new ProgressView({ io, now: () => 0 });
    view.take(progress({ step: "start pod", state: "started" }));
    view.take(progress({ step: "start pod", state: "failed", ms: 3 }));
    await settle();
    expect(io.errors()).toBe("sbx: start pod failed (0.0 s)\n");
  });

  it("draws one line on a terminal, no longer than it is wide and without control characters of the build, and takes it away", async ({ expect }) => {
    const io = createFakeIo({ terminal: true });
    let clock = 0;
    {
      using view = new ProgressView({ io, now: () => clock });
      view.take(progress({ step: "image of claude", state: "started" }));
      view.take(progress({ step: "image of claude", state: "line", text: `\u001B[2J${"long ".repeat(40)}` }));
      clock = 1500;
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
    }
    await settle();
    const drawn = io
      .errors()
      .split("\r\u001B[2K")
      .filter((line) => line !== "");
    expect(drawn.length).toBeGreaterThan(0);
    for (const line of drawn) expect(line).toMatch(/^. image of claude 1\.5 s {2}long long [\x20-\x7e]{1,60}$/u);
    expect(io.errors().endsWith("\r\u001B[2K")).toBe(true);
  });
});
