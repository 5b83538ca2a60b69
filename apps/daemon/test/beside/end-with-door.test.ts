import { PassThrough } from "node:stream";
import { describe, it } from "vitest";
import { endWithDoor } from "../../src/beside/end-with-door.ts";

describe("a daemon beside its engine", () => {
  const started = (): { readonly input: PassThrough; readonly shutdown: AbortController; readonly ended: Promise<unknown> } => {
    const [input, shutdown] = [new PassThrough(), new AbortController()];
    const { promise, resolve } = Promise.withResolvers<unknown>();
    shutdown.signal.addEventListener("abort", resolve, { once: true });
    endWithDoor(input, shutdown);
    return { input, shutdown, ended: promise };
  };

  it.for<[string, (input: PassThrough) => unknown]>([
    ["ends", (input) => input.end()],
    ["ends after something was said", (input) => input.end("x".repeat(100_000))],
    ["breaks", (input) => input.destroy(new Error("it broke"))],
    ["closes", (input) => input.destroy()],
  ])("ends when its input %s", async ([, act], { expect }) => {
    const { input, shutdown, ended } = started();
    expect(shutdown.signal.aborted).toBe(false);
    act(input);
    await ended;
  });

  it("goes on while its input is open, whatever is said there", async ({ expect }) => {
    const { input, shutdown } = started();
    input.write("x".repeat(100_000));
    while (input.readableLength > 0) await new Promise(setImmediate);
    expect(shutdown.signal.aborted).toBe(false);
  });
});
