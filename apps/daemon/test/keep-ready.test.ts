import { describe, it } from "vitest";
import { loadConfig } from "../src/config.ts";

describe("SBX_KEEP_READY", () => {
  const keepReady = (value?: string): boolean => loadConfig({ HOME: "/home/a", ...(value === undefined ? {} : { SBX_KEEP_READY: value }) }, 1000).keepReady;

  it("decides whether anything is kept ready, and it is unless somebody says no", ({ expect }) => {
    expect([keepReady(), keepReady(""), keepReady("yes"), keepReady("no")]).toEqual([true, true, true, false]);
  });

  it.for(["No", "0", "false", "off", "no "])("is refused where it says neither: %j", (value, { expect }) => {
    expect(() => keepReady(value)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message: `SBX_KEEP_READY is "${value}", and none of: yes, no` }));
  });
});
