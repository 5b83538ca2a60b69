import fc from "fast-check";
import { describe, it } from "vitest";
import { cleanPath } from "../../src/kit/declaration-keys.ts";
import { whyNoVolumeAt } from "../../src/kit/volume-place.ts";
import { isWithin } from "../../src/workspace/protected-paths.ts";

const HOME = "/home/agent";
const OURS = [
  "/.sbx",
  "/.sbx/docker",
  "/run/sbx",
  "/etc/passwd",
  "/etc/resolv.conf",
  "/etc/hosts",
  "/usr/bin",
  "/usr/local/bin",
  "/bin",
  "/lib",
  "/sbin",
  "/proc",
  "/sys",
  "/dev",
  "/root",
  "/var/run",
  HOME,
];

describe("where a Kit's volume may lie", () => {
  it.for(["/data", "/data/deep/er", "/opt/tool/cache", "/var/lib/tool", "/srv/www", "/mnt/x", "/tmp", "/home/agent/.cache", "/données", "/etcetera", "/home/agent/etc"])(
    "takes %s",
    (path, { expect }) => {
      expect(whyNoVolumeAt(path, HOME)).toBeUndefined();
    },
  );

  it.for([
    "/",
    "/etc",
    "/etc/x",
    "/usr/local/bin",
    "/bin/x",
    "/lib64",
    "/proc/1",
    "/sys",
    "/dev/shm",
    "/run/sbx",
    "/run/user/1",
    "/root",
    "/.sbx",
    "/.sbx/docker",
    "/.dockerenv",
    "/home",
    "/home/agent",
    "/home/other",
    "/home/agents",
    "/var",
    "/var/run/x",
    "/var/lock",
    "/data/../etc",
    "/data//x",
    "/data/",
    "/data,readonly=false",
    "/data:exec,suid",
    "/data\nx",
    "/da ta",
    String.raw`/data\x`,
    '/data"',
  ])("refuses %j", (path, { expect }) => {
    expect(whyNoVolumeAt(path, HOME)).toEqual(expect.any(String));
  });

  it("never takes a path that covers what is ours or lies in it, however it is written", ({ expect }) => {
    const part = fc.constantFrom("..", ".", "", "etc", "run", "sbx", ".sbx", "home", "agent", "usr", "var", "data", "proc", "a:b", "a,b");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const path = cleanPath(`/${parts.join("/")}`);
        if (whyNoVolumeAt(path, HOME) !== undefined) return;
        expect(path).toMatch(/^(?:\/[^/:,]+)+$/);
        expect(path.split("/")).not.toContain("..");
        for (const own of OURS) expect(isWithin(own, path) || (own !== HOME && isWithin(path, own)), `${path} and ${own}`).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
