import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { askUnless, toAppError } from "../src/docker-error.ts";
import { negotiate } from "../src/negotiate.ts";

function answered(status: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${String(status)}) server error - ${message} `), { statusCode: status, json: { message } });
}

describe("toAppError", () => {
  it("keeps the engine's words and status", ({ expect }) => {
    expect(toAppError(answered(409, "name is in use."), "create it")).toMatchObject({
      code: "ENGINE_FAILED",
      message: "The container engine could not create it: name is in use.",
      details: { status: 409 },
    });
  });

  it("tells a silent engine from a failing one", ({ expect }) => {
    expect(toAppError(Object.assign(new Error("connect ENOENT /s"), { code: "ENOENT" }), "start it")).toMatchObject({ code: "ENGINE_UNREACHABLE", details: { code: "ENOENT" } });
    expect(toAppError(Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }), "start it")).toMatchObject({ code: "ENGINE_UNREACHABLE" });
  });

  it("leaves problems, aborts and our own mistakes alone", ({ expect }) => {
    const problem = new AppError("USAGE", { message: "m", fix: "f" });
    const bug = new TypeError("x is not a function");
    expect([toAppError(problem, "x"), toAppError(bug, "x")]).toEqual([problem, bug]);
  });

  it("lets only the statuses through that were named", async ({ expect }) => {
    expect(await askUnless([404], "x", async () => Promise.reject(answered(404, "gone")))).toBeUndefined();
    await expect(askUnless([404], "x", async () => Promise.reject(answered(500, "broken")))).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  });
});

describe("negotiate", () => {
  it.for([
    ["1.41", "1.12", "1.41"],
    ["1.99", "1.44", "1.51"],
    ["1.40", "1.24", "1.40"],
  ] as const)("speaks to %s (from %s) in %s", ([newest, oldest, version], { expect }) => {
    expect(negotiate({ newest, oldest })).toBe(version);
  });

  it.for([
    ["1.39", "1.12", "at least 1.40"],
    ["1.99", "1.90", "no API older than 1.90"],
    ["latest", "1.12", "is not an API version"],
  ] as const)("refuses %s (from %s)", ([newest, oldest, reason], { expect }) => {
    expect(() => negotiate({ newest, oldest })).toThrow(reason);
  });
});
