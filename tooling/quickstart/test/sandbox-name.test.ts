import { describe, it } from "vitest";
import { sandboxName } from "../src/sandbox-name.ts";

const PROJECT = "/home/dev/sbx/.cache/quickstart/sample-project";
const listed = (workspace: string): string => JSON.stringify([{ id: "sbx_0kjdvmba", name: "quickstart-claude", agent: "claude", workspace }]);

describe("the name of the demonstration's sandbox", () => {
  it("is the plain one where it is free, or this checkout's own", ({ expect }) => {
    expect(sandboxName("claude", { project: PROJECT, listing: "[]" })).toBe("quickstart-claude");
    expect(sandboxName("claude", { project: PROJECT, listing: listed(PROJECT) })).toBe("quickstart-claude");
    expect(sandboxName("codex", { project: PROJECT, listing: listed("/elsewhere") })).toBe("quickstart-codex");
  });

  it("is another, and the same one each time, where another checkout has the plain one", ({ expect }) => {
    const name = sandboxName("claude", { project: PROJECT, listing: listed("/elsewhere") });
    expect(name).toMatch(/^quickstart-claude-[0-9a-f]{6}$/);
    expect(sandboxName("claude", { project: PROJECT, listing: listed("/elsewhere") })).toBe(name);
  });
});
