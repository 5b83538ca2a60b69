import { Readable, Writable } from "node:stream";
import { describe, it } from "vitest";
import { startThroughInit, type Engine, type ExecEngine, type ExecProcess, type ExecSpec, type InitStarter } from "../../src/index.ts";

const SPEC: ExecSpec = { command: ["true"], env: {}, user: "1000:1000", workdir: "/", tty: false, stdin: false };

/** An engine and a pid 1, of which each says that it was asked. */
function parts({ remaps = false, starts = true }: { readonly remaps?: Engine["info"]["remaps"]; readonly starts?: boolean } = {}) {
  const asked: string[] = [];
  const never = (): never => {
    throw new Error("nobody asks for that here");
  };
  const own = (name: string): ExecProcess => ({
    stdin: new Writable(),
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exit: Promise.resolve(0),
    resize: () => Promise.resolve(),
    detach: () => void asked.push(`${name} left`),
  });
  const engine: ExecEngine & { readonly info: Pick<Engine["info"], "remaps"> } = {
    info: { remaps },
    exec: () => Promise.resolve((asked.push("engine"), own("engine"))),
    run: never,
  };
  const starter: InitStarter = { start: () => Promise.resolve((asked.push("pid 1"), starts ? own("pid 1") : undefined)) };
  return { asked, engine, starter };
}

describe("a program in a running container", () => {
  it("is started by the container's pid 1, as its user and without a terminal", async ({ expect }) => {
    const { asked, engine, starter } = parts();
    await startThroughInit(engine, () => ({ user: "1000:1000", starter: () => Promise.resolve(starter) })).exec("box", SPEC);
    expect(asked).toEqual(["pid 1"]);
  });

  it.for([
    ["has a terminal", { ...SPEC, tty: { columns: 80, rows: 24 } }, true],
    ["is somebody else's", { ...SPEC, user: "0:0" }, true],
    ["runs where no pid 1 of ours is", SPEC, false],
  ] as const)("is the engine's when it %s", async ([, spec, isThere], { expect }) => {
    const { asked, engine, starter } = parts();
    await startThroughInit(engine, () => (isThere ? { user: "1000:1000", starter: () => Promise.resolve(starter) } : undefined)).exec("box", spec);
    expect(asked).toEqual(["engine"]);
  });

  it("is the engine's when pid 1 did not start it, or cannot be spoken with", async ({ expect }) => {
    const { asked, engine, starter } = parts({ starts: false });
    await startThroughInit(engine, () => ({ user: "1000:1000", starter: () => Promise.resolve(starter) })).exec("box", SPEC);
    await startThroughInit(engine, () => ({ user: "1000:1000", starter: () => Promise.resolve(undefined) })).exec("box", SPEC);
    expect(asked).toEqual(["pid 1", "engine", "engine"]);
  });

  it("is not started twice when it is not known whether pid 1 did", async ({ expect }) => {
    const { asked, engine } = parts();
    const starter: InitStarter = { start: () => Promise.reject(new Error("no answer")) };
    await expect(startThroughInit(engine, () => ({ user: "1000:1000", starter: () => Promise.resolve(starter) })).exec("box", SPEC)).rejects.toThrow("no answer");
    expect(asked).toEqual([]);
  });

  it.for(["rootless", "userns", "perhaps"] as const)("is the engine's when its ids are %s", async (remaps, { expect }) => {
    const { engine } = parts({ remaps });
    expect(startThroughInit(engine, () => undefined)).toBe(engine);
  });

  it("is left alone when its caller has gone meanwhile", async ({ expect }) => {
    const { asked, engine, starter } = parts();
    const caller = new AbortController();
    const through = startThroughInit(engine, () => ({ user: "1000:1000", starter: () => Promise.resolve({ start: (spec) => (caller.abort(new Error("gone")), starter.start(spec)) }) }));
    await expect(through.exec("box", SPEC, caller.signal)).rejects.toThrow("gone");
    expect(asked).toEqual(["pid 1", "pid 1 left"]);
  });
});
