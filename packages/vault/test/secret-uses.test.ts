import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "vitest";
import { openSecretUses } from "../src/index.ts";

describe("uses of secrets", () => {
  it("are remembered over a restart, and written at most once a minute", ({ expect }) => {
    const root = mkdtempSync(path.join(tmpdir(), "sbx-uses-"));
    try {
      const file = path.join(root, "secret-uses.json");
      let clock = Date.parse("2026-01-02T03:04:05Z");
      const uses = openSecretUses(file, () => clock);
      uses.used("brave.api_key");
      clock += 59_000;
      uses.used("brave.api_key");
      expect(uses.lastUsed("brave.api_key")).toBe("2026-01-02T03:05:04.000Z");
      expect(openSecretUses(file, () => clock).lastUsed("brave.api_key")).toBe("2026-01-02T03:04:05.000Z");
      clock += 2000;
      uses.used("brave.api_key");
      expect(openSecretUses(file, () => clock).lastUsed("brave.api_key")).toBe("2026-01-02T03:05:06.000Z");
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(openSecretUses(file, () => clock).lastUsed("constructor")).toBeUndefined();
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("are done without when the file is broken or cannot be written", ({ expect }) => {
    const root = mkdtempSync(path.join(tmpdir(), "sbx-uses-"));
    try {
      const file = path.join(root, "uses.json");
      writeFileSync(file, "{");
      const uses = openSecretUses(file, () => 0);
      expect(uses.lastUsed("a")).toBeUndefined();
      uses.used("a");
      expect(readFileSync(file, "utf8")).toContain("1970");
      openSecretUses(path.join(file, "below-a-file"), () => 0).used("a");
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
