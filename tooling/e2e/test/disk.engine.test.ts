import { afterAll, beforeAll, describe, it } from "vitest";
import { openHost, type Host } from "../src/open-host.ts";

let host: Host;
beforeAll(() => {
  host = openHost({ SBX_KEEP_READY: "no" });
});
afterAll(() => host[Symbol.asyncDispose]());

describe("--disk", () => {
  it("bounds what a sandbox writes, or is refused with what the engine lacks", { timeout: 300_000 }, async ({ expect }) => {
    const cwd = await host.project("disk");
    const { code, stderr } = await host.sbx(["create", "-q", "--disk", "64m", "shell"], { cwd });
    if (code !== 0) {
      expect(stderr).toMatch(/cannot bound the disk of a sandbox: .*(?:pquota|storage driver|quota)/);
      expect(stderr).toContain("PLATFORM_UNSUPPORTED");
      expect(stderr).toContain("leave --disk out");
      expect([await host.sandboxes(), await host.remains()]).toEqual([[], []]);
      return;
    }
    expect((await host.sandbox("shell-disk")).limits.diskBytes).toBe(64 << 20);
    const written = await host.sbx(["exec", "shell-disk", "sh", "-c", "head -c 200000000 /dev/zero > /var/tmp/big; stat -c %s /var/tmp/big"]);
    expect(Number(written.stdout)).toBeLessThanOrEqual(64 << 20);
  });
});
