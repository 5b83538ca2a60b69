import { describe, it } from "vitest";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { createFakeIo } from "../support/fake-io.ts";
import { runLine, startLine } from "../support/run-line.ts";

const VALUE = "sk-test-0123456789";
const daemonThatKeeps = () => createFakeDaemon({ handlers: { setSecret: () => Promise.resolve({ done: true }) } });

describe("sbx secret set", () => {
  it("reads the value from a pipe without its line end and prints it nowhere", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end(`${VALUE}\n`);
    const { code, out, err, daemon } = await runLine(["secret", "set", "anthropic"], { io, daemon: daemonThatKeeps() });
    expect(code).toBe(0);
    expect(daemon.calls).toEqual([{ name: "setSecret", input: { name: "anthropic", value: VALUE } }]);
    expect(out + err).not.toContain(VALUE);
  });

  it("asks at a terminal without echo and takes corrections", async ({ expect }) => {
    const io = createFakeIo({ terminal: true });
    const daemon = daemonThatKeeps();
    const line = startLine(["secret", "set", "anthropic"], { io, daemon });
    io.input.write("wrong\u0015sk-ü");
    io.input.write("x\u007F\u007F1\r");
    expect(await line.code).toBe(0);
    expect(daemon.calls).toEqual([{ name: "setSecret", input: { name: "anthropic", value: "sk-1" } }]);
    expect(io.rawChanges).toEqual([true, false]);
    expect(io.output() + io.errors()).not.toContain("sk-");
  });

  it("keeps nothing after Ctrl-C at the prompt, and cooks the terminal", async ({ expect }) => {
    const io = createFakeIo({ terminal: true });
    const line = startLine(["secret", "set", "anthropic"], { io });
    io.input.write("half\u0003");
    expect(await line.code).toBe(130);
    expect(line.daemon.calls).toEqual([]);
    expect(io.rawChanges).toEqual([true, false]);
  });

  it.for([
    ["secret", "set", "anthropic", VALUE],
    ["secret", "set", `anthropic=${VALUE}`],
    ["secret", "set", "anthropic", "--value", VALUE],
    ["secret", "set", "-t", VALUE, "anthropic"],
  ])("refuses a value in the arguments, sends it nowhere and does not repeat it: %j", async (line, { expect }) => {
    const { code, out, err, daemon } = await runLine(line);
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
    expect(out + err).not.toContain(VALUE);
    expect(err).toContain("every process sees it");
  });

  it("does not repeat a value that was given in place of the name", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end("x");
    const { code, out, err, daemon } = await runLine(["secret", "set", "SK-TEST-0123"], { io });
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
    expect(out + err).not.toContain("0123");
  });

  it("refuses an empty value and a stdin with nothing at its end", async ({ expect }) => {
    const io = createFakeIo({ stdinKind: "data" });
    io.input.end("\n");
    expect((await runLine(["secret", "set", "anthropic"], { io })).code).toBe(2);
    expect((await runLine(["secret", "set", "anthropic"])).code).toBe(2);
  });
});
