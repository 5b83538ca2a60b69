import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "vitest";
import { createKeychain, KeychainSilent } from "../src/index.ts";

const linux = process.platform === "linux";

describe("the keychain of a machine without one", () => {
  it.runIf(linux)("is silent, and the kernel's keys, which a reboot loses, are not taken for one (on Linux)", async ({ expect }) => {
    const keychain = createKeychain({ HOME: "/nonexistent", XDG_RUNTIME_DIR: "/nonexistent", DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent/bus" });
    await expect(keychain.store("vault-test", "value")).rejects.toBeInstanceOf(KeychainSilent);
    await expect(keychain.load("vault-test")).rejects.toBeInstanceOf(KeychainSilent);
  });

  it.runIf(linux)("is given up after its time when its bus takes calls and never answers (on Linux)", async ({ expect }) => {
    const directory = mkdtempSync(path.join(tmpdir(), "sbx-bus-"));
    const bus = createServer((socket) => socket.on("error", () => {}).resume()).listen(path.join(directory, "bus"));
    await once(bus, "listening");
    try {
      const before = performance.now();
      const error: unknown = await createKeychain({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${directory}/bus` }, 700)
        .load("vault-test")
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KeychainSilent);
      expect(String(error)).toContain("no answer within 0.7 seconds");
      expect(performance.now() - before).toBeLessThan(5000);
    } finally {
      bus.close();
      rmSync(directory, { recursive: true });
    }
  });
});
