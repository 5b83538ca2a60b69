import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { takeGlobalWords } from "../src/global-words.ts";
import { aSandbox } from "./support/builders.ts";
import { createFakeDaemon } from "./support/fake-daemon.ts";
import { createFakeIo } from "./support/fake-io.ts";
import { runLine } from "./support/run-line.ts";

const failing = () => createFakeDaemon({ handlers: { listSandboxes: () => Promise.reject(new AppError("ENGINE_FAILED", { message: "no", fix: "do", details: { status: 500 } })) } });

describe("words before the command", () => {
  it("are taken off, and after it belong to the command", ({ expect }) => {
    expect(takeGlobalWords(["-D", "--no-input", "--debug", "ls", "-D"])).toEqual({ argv: ["ls", "-D"], debug: true, noInput: true });
    expect(takeGlobalWords(["--no-input"])).toEqual({ argv: [], debug: false, noInput: true });
    expect(takeGlobalWords(["run", "claude", "--debug"])).toEqual({ argv: ["run", "claude", "--debug"], debug: false, noInput: false });
  });

  it("have a failure say what stands behind it", async ({ expect }) => {
    const plain = await runLine(["ls"], { daemon: failing() });
    const { code, err } = await runLine(["--debug", "ls"], { daemon: failing() });
    expect([plain.code, code]).toEqual([125, 125]);
    expect(plain.err).not.toContain("500");
    expect(err).toContain('details: {"status":500}');
    expect(err.startsWith(plain.err)).toBe(true);
  });

  it("have nobody asked, although there is a terminal", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { listSandboxes: () => Promise.resolve([aSandbox({ state: { phase: "stopped" } })]), pruneImages: () => Promise.resolve({ images: [] }) } });
    const { code, err } = await runLine(["--no-input", "prune"], { daemon, io: createFakeIo({ terminal: true }) });
    expect([code, err.includes("sbx prune --force")]).toEqual([2, true]);
    expect(daemon.calls.map(({ name }) => name)).not.toContain("removeSandbox");
  });
});
