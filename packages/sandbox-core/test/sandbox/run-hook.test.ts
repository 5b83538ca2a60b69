import { describe, it } from "vitest";
import type { ExecEngine } from "../../src/ports/engine.ts";
import { runHook } from "../../src/sandbox/run-hook.ts";
import type { SandboxRecord } from "../../src/sandbox/sandbox-record.ts";

const record = { user: "1000:1000", homeDirectory: "/home/agent", request: { env: { SEEN: "x", UNSEEN: "y" } } } as unknown as SandboxRecord;
const hook = { kit: "k", place: "install[2]", user: "root", variables: ["SEEN"], command: ["/hook"] } as const;
const endless: Pick<ExecEngine, "run"> = {
  run: (_container, _spec, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        reject(new Error("left"));
      });
    }),
};
const runIn = (engine: Pick<ExecEngine, "run">, limitMs: number, signal = new AbortController().signal): Promise<void> =>
  runHook(engine as ExecEngine, { container: "c", hook, record, env: {}, limitMs, signal });

describe("a hook", () => {
  it("that does not end in its time fails by name", async ({ expect }) => {
    await expect(runIn(endless, 20)).rejects.toMatchObject({ code: "HOOK_FAILED", message: 'The hook install[2] of Kit "k" did not end within 0.02 seconds' });
  });

  it("that is given up by its caller says nothing of time", async ({ expect }) => {
    const caller = new AbortController();
    const running = runIn(endless, 60_000, caller.signal);
    caller.abort(new Error("gone"));
    await expect(running).rejects.toThrow("left");
  });

  it("sees the variables that it names, as the user that it names", async ({ expect }) => {
    const seen: unknown[] = [];
    const spy: Pick<ExecEngine, "run"> = {
      run: (_container, spec) => {
        seen.push([spec.user, spec.env]);
        return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
      },
    };
    await runIn(spy, 1000);
    expect(seen).toEqual([["0:0", { SEEN: "x" }]]);
  });
});
