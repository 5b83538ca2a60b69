import { setImmediate } from "node:timers/promises";
import { test } from "vitest";
import { SharedWork, type Waiting } from "../src/shared-work.ts";

const waiting = (lines: string[] = [], signal = new AbortController().signal): Waiting => ({ progress: (line) => void lines.push(line), signal });

test("does the work once for two who ask at once, and both hear of it", async ({ expect }) => {
  const work = new SharedWork<string>();
  const heard: [string[], string[]] = [[], []];
  let done = 0;
  const make = async ({ progress }: Waiting): Promise<string> => {
    await setImmediate();
    progress("half");
    done += 1;
    return "id";
  };
  const results = await Promise.all([work.do("a", make, waiting(heard[0])), work.do("a", make, waiting(heard[1]))]);
  expect(results).toEqual(["id", "id"]);
  expect(done).toBe(1);
  expect(heard).toEqual([["half"], ["half"]]);
});

test("one who gives up does not stop it for the other", async ({ expect }) => {
  const work = new SharedWork<string>();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let stopped = false;
  const make = async ({ signal }: Waiting): Promise<string> => {
    signal.addEventListener("abort", () => {
      stopped = true;
    });
    await gate;
    return "id";
  };
  const impatient = new AbortController();
  const first = work.do("a", make, waiting([], impatient.signal));
  const second = work.do("a", make, waiting());
  impatient.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  open();
  expect(await second).toBe("id");
  expect(stopped).toBe(false);
});

test("the last to give up stops it, and waits until it has cleaned up", async ({ expect }) => {
  const work = new SharedWork<string>();
  const steps: string[] = [];
  const make = async ({ signal }: Waiting): Promise<string> => {
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        resolve();
      });
    });
    await setImmediate();
    steps.push("cleaned");
    throw new Error("stopped");
  };
  const impatient = new AbortController();
  const only = work.do("a", make, waiting([], impatient.signal));
  impatient.abort(new Error("enough"));
  await expect(only.finally(() => steps.push("left"))).rejects.toThrow("enough");
  expect(steps).toEqual(["cleaned", "left"]);
});

test("after a failure the next one tries again", async ({ expect }) => {
  const work = new SharedWork<string>();
  await expect(work.do("a", () => Promise.reject(new Error("no")), waiting())).rejects.toThrow("no");
  expect(await work.do("a", () => Promise.resolve("id"), waiting())).toBe("id");
});

test("does not begin for one who has given up already", async ({ expect }) => {
  let begun = false;
  const make = (): Promise<string> => {
    begun = true;
    return Promise.resolve("id");
  };
  await expect(new SharedWork<string>().do("a", make, waiting([], AbortSignal.abort(new Error("enough"))))).rejects.toThrow("enough");
  expect(begun).toBe(false);
});
