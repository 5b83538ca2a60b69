import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { giveWay } from "../../src/client/give-way.ts";

const GONE = { socket: "/nonexistent/sbxd.sock" };
const daemon = (shutdown: () => Promise<{ done: true }>) => ({ client: { status: () => Promise.resolve({ pid: 1 }), shutdown } });

describe("the end of a daemon", () => {
  it("is waited for, also where it comes before the daemon's answer", async ({ expect }) => {
    await expect(
      giveWay(
        daemon(() => Promise.resolve({ done: true })),
        GONE,
      ),
    ).resolves.toBeUndefined();
    const early = new AppError("DAEMON_UNREACHABLE", { message: "The daemon does not answer (ECONNRESET)", fix: "none" });
    await expect(
      giveWay(
        daemon(() => Promise.reject(early)),
        GONE,
      ),
    ).resolves.toBeUndefined();
  });

  it("has not come where the daemon refuses", async ({ expect }) => {
    const refusal = new AppError("DAEMON_BUSY", { message: "no", fix: "none" });
    await expect(
      giveWay(
        daemon(() => Promise.reject(refusal)),
        GONE,
      ),
    ).rejects.toBe(refusal);
  });
});
