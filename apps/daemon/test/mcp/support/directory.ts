import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A directory of its own for one test, gone after it. */
export function directory(): string {
  const made = mkdtempSync(path.join(tmpdir(), "sbx-mcp-"));
  onTestFinished(() => {
    rmSync(made, { recursive: true, force: true });
  });
  return made;
}
