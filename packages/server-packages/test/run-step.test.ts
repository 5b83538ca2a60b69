import { PassThrough } from "node:stream";
import { memoryHeld } from "@sbx/testing";
import { describe, it } from "vitest";
import type { ServerProcess } from "@sbx/core";
import { runStep, type Step } from "../src/run-step.ts";

/** A program that says this, and ends. */
function aProgram({ stdout = "{}", stderr, code = 0 }: { readonly stdout?: string; readonly stderr: readonly Buffer[]; readonly code?: number }): ServerProcess {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const exit = Promise.withResolvers<number>();
  streams.stdin.resume();
  const say = async (): Promise<void> => {
    for (const chunk of stderr) if (!streams.stderr.write(chunk)) await new Promise((resolve) => streams.stderr.once("drain", resolve));
    streams.stderr.end();
    streams.stdout.end(stdout);
    exit.resolve(code);
  };
  void say();
  return { ...streams, exit: exit.promise, [Symbol.asyncDispose]: async () => {} };
}

const aStep = (progress: (line: string) => void): Step => ({
  server: "s",
  what: "npm (install)",
  image: "sha256:0",
  command: ["x"],
  env: {},
  rules: [],
  input: "",
  progress,
  signal: new AbortController().signal,
});

describe("a step of an installation", () => {
  it("holds no line without end, and tells no more of one than a line's worth", async ({ expect }) => {
    const endless = Array.from<Buffer>({ length: 128 }).fill(Buffer.alloc(1 << 20, "x"));
    const told: string[] = [];
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    const pods = { start: async () => await Promise.resolve(aProgram({ stderr: [...endless, Buffer.from("\nthe end\n")], stdout: "said" })) };
    expect(
      await runStep(
        pods,
        aStep((line) => void told.push(line)),
      ),
    ).toBe("said");
    clearInterval(watch);
    expect(told).toEqual(["x".repeat(2000), "the end"]);
    expect(most - before).toBeLessThan(64 << 20);
  });

  it("holds what it prints in hardly more memory than its bytes, also when they come one by one", async ({ expect }) => {
    const program = aProgram({ stderr: [] });
    const stdout = new PassThrough();
    const pods = { start: async () => await Promise.resolve({ ...program, stdout }) };
    const step = runStep(
      pods,
      aStep(() => undefined),
    );
    const before = memoryHeld();
    for (let at = 0; at < 60_000; at += 1) {
      stdout.write(Buffer.from(new ArrayBuffer(1)).fill("o"));
      while (stdout.readableLength > 0) await new Promise(setImmediate);
    }
    expect(memoryHeld() - before).toBeLessThan(4 << 20);
    stdout.end();
    expect(await step).toBe("o".repeat(60_000));
  });

  it("fails with its last words, cut to a line's worth each", async ({ expect }) => {
    const pods = { start: async () => await Promise.resolve(aProgram({ stderr: [Buffer.from("first\n"), Buffer.alloc(5000, "y")], code: 1 })) };
    await expect(
      runStep(
        pods,
        aStep(() => undefined),
      ),
    ).rejects.toMatchObject({ code: "SERVER_FAILED", details: { output: ["first", "y".repeat(2000)] } });
  });

  /** Asks with one line, says what it was told, and ends. */
  function asking(): ServerProcess {
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
    const exit = Promise.withResolvers<number>();
    streams.stdout.write('{"may":');
    setImmediate(() => streams.stdout.write('"I"}\n'));
    const told: Buffer[] = [];
    streams.stdin.on("data", (chunk: Buffer) => told.push(chunk));
    streams.stdin.on("end", () => {
      streams.stderr.end();
      streams.stdout.end(Buffer.concat(told));
      exit.resolve(told.length === 0 ? 1 : 0);
    });
    return { ...streams, exit: exit.promise, [Symbol.asyncDispose]: async () => {} };
  }

  it("answers the first line of a program that asks", async ({ expect }) => {
    const lines: string[] = [];
    const input = async (line: string): Promise<string> => await Promise.resolve(`go${lines.push(line)}`);
    expect(await runStep({ start: async () => await Promise.resolve(asking()) }, { ...aStep(() => undefined), input })).toBe('{"may":"I"}\ngo1');
    expect(lines).toEqual(['{"may":"I"}']);
  });

  it("gives a program nothing, lets it end and says why, when there is no answer", async ({ expect }) => {
    const program = asking();
    const input = (): Promise<string> => Promise.reject(new Error("not there"));
    await expect(runStep({ start: async () => await Promise.resolve(program) }, { ...aStep(() => undefined), input })).rejects.toThrow("not there");
    expect(await program.exit).toBe(1);
  });
});
