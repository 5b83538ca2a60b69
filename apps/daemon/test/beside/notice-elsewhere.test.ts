import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import type { ContainerSpec } from "@sbx/core";
import { describe, it } from "vitest";
import { noticeElsewhere } from "../../src/beside/notice-elsewhere.ts";

/** An engine that makes no container, in these words. */
function refusing(message: (source: string) => string): Parameters<typeof noticeElsewhere>[0] {
  return {
    info: { endpoint: "unix:///e" },
    create: async ({ mounts: [mount] }) => Promise.reject(new AppError("ENGINE_FAILED", { message: message(mount?.kind === "bind" ? mount.source : ""), fix: "none" })),
  };
}

const specOf = (source: string): ContainerSpec => ({ mounts: [{ kind: "bind", source, target: "/t", readonly: true }] }) as unknown as ContainerSpec;

describe("an engine that does not see this machine after all", () => {
  it("is told from one that fails for another reason, or rightly misses what is not there", async ({ expect }) => {
    const stateDirectory = mkdtempSync(path.join(tmpdir(), "sbx-notice-"));
    const known = path.join(stateDirectory, "engine-place.json");
    writeFileSync(known, "{}");
    const ask = async (source: string, message: (source: string) => string): Promise<unknown> =>
      noticeElsewhere(refusing(message), { stateDirectory })
        .create(specOf(source))
        .catch((error: unknown) => (AppError.is(error) ? error.code : error));
    const missing = (source: string): string => `bind source path does not exist: ${source}`;
    expect(await ask(path.join(stateDirectory, "gone"), missing)).toBe("ENGINE_FAILED");
    expect(await ask(tmpdir(), missing)).toBe("ENGINE_FAILED");
    expect(await ask(stateDirectory, () => "no space left on device")).toBe("ENGINE_FAILED");
    expect(existsSync(known)).toBe(true);
    expect(await ask(stateDirectory, missing)).toBe("ENGINE_ELSEWHERE");
    expect(existsSync(known)).toBe(false);
    rmSync(stateDirectory, { recursive: true });
  });
});
