import { AppError } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { type CallNote, shapeOf } from "../../src/interceptors/log-calls.ts";
import { aCall, interceptors, pass, text } from "./interception.ts";

describe("the note of a call", () => {
  it("names server, tool, shape, time and outcome", async ({ expect }) => {
    const notes: CallNote[] = [];
    const log = interceptors([], { logCalls: (note) => notes.push(note) });
    await pass(log, aCall({ path: "/secret/place", tags: [1, 2, 3], deep: { a: 1 }, flag: true, none: null }), async () => text("x"));
    await pass(log, aCall(), async () => ({ ...text("x"), isError: true }));
    await pass(log, aCall(), async () => Promise.reject(new AppError("SERVER_FAILED", { message: "no", fix: "none" }))).catch(() => undefined);
    expect(notes.map(({ durationMs, ...note }) => [note, Number.isInteger(durationMs)])).toEqual([
      [{ server: "files", tool: "read", arguments: "object with 5 fields (string of 13, list of 3, object of 1, boolean, null)", outcome: "result" }, true],
      [{ server: "files", tool: "read", arguments: "object with 0 fields", outcome: "error" }, true],
      [{ server: "files", tool: "read", arguments: "object with 0 fields", outcome: "failed" }, true],
    ]);
  });

  it("is not written of a call that the guard refuses", async ({ expect }) => {
    const notes: CallNote[] = [];
    await pass(interceptors([], { blockSecrets: true, logCalls: (note) => notes.push(note) }), aCall({ a: `ghp_${"a".repeat(36)}` }), async () => text("x"));
    expect(notes).toEqual([]);
  });

  it("has nothing of names or values, and is short", ({ expect }) => {
    const word = fc.stringMatching(/^[A-Z]{6,12}$/);
    fc.assert(
      fc.property(fc.dictionary(word, fc.oneof(word, fc.array(word), fc.dictionary(word, word), fc.boolean(), fc.constant(null)), { maxKeys: 30 }), (args) => {
        const shape = shapeOf(args);
        expect(shape).not.toMatch(/[A-Z]/);
        expect(shape.length).toBeLessThan(300);
      }),
    );
  });
});

describe("the limits of calls", () => {
  it("keep what is too large from the server, and from the caller", async ({ expect }) => {
    const limits = { calls: { argumentCharacters: 100, resultCharacters: 100 } };
    const long = "x".repeat(200);
    const call = await pass(interceptors([], { limits }), aCall({ long }), async () => text("x"));
    expect(call.reached).toEqual([]);
    expect(call.result).toMatchObject({ isError: true });
    const result = await pass(interceptors([], { limits }), aCall(), async () => text(long));
    expect(result.result).toMatchObject({ isError: true });
    expect(JSON.stringify([call.result, result.result])).not.toContain(long);
    expect((await pass(interceptors([], { limits }), aCall({ a: 1 }), async () => text("x"))).result).toEqual(text("x"));
  });
});
