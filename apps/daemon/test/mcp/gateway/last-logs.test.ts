import { describe, it } from "vitest";
import { LastLogs } from "../../../src/mcp/gateway/last-logs.ts";

describe("what servers that have ended wrote", () => {
  it("is kept by server, the newest of each, its end when it is long, and of so many servers", ({ expect }) => {
    const logs = new LastLogs();
    for (let index = 0; index < 500; index += 1) logs.put(`server-${index}`, `${"x".repeat(100_000)}end of ${index}`);
    expect(logs.get("server-0")).toBe("");
    expect(logs.get("server-499")).toMatch(/end of 499$/);
    expect(logs.get("server-499")).toHaveLength(64 * 1024);
    logs.put("server-499", "again");
    expect(logs.get("server-499")).toBe("again");
    logs.put("server-499", "");
    expect(logs.get("server-499")).toBe("");
  });
});
