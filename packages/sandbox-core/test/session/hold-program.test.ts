import type { SessionId } from "@sbx/contracts";
import { describe, it } from "vitest";
import { holdSignal, parseSessionList, sessionDirectory } from "../../src/session/hold-program.ts";

describe("parseSessionList", () => {
  it("reads what the holder prints, and nothing that a sandbox could have forged", ({ expect }) => {
    const text = [
      "ses_00000001 running",
      "ses_00000002 ended 143",
      "ses_00000003 lost",
      "evil running",
      "ses_00000004 ended 999",
      "ses_00000005 ended -1",
      "ses_00000006 running extra",
      "../../etc running",
      "",
    ].join("\n");
    expect(parseSessionList(text)).toEqual([
      { session: "ses_00000001", state: { phase: "running" } },
      { session: "ses_00000002", state: { phase: "ended", exitCode: 143 } },
      { session: "ses_00000003", state: { phase: "lost" } },
    ]);
  });
});

describe("names that go into the holder's arguments", () => {
  it("are session ids and known signals alone", ({ expect }) => {
    expect(sessionDirectory("ses_0a0b0c0d" as SessionId)).toBe("/run/sbx/ses_0a0b0c0d");
    expect(() => sessionDirectory("../../etc" as SessionId)).toThrow();
    expect(holdSignal("SIGTERM")).toBe("TERM");
    expect(holdSignal("SIGPIPE")).toBe("PIPE");
    expect(() => holdSignal("SIGSEGV")).toThrow("cannot be sent");
    expect(() => holdSignal("TERM")).toThrow("cannot be sent");
  });
});
