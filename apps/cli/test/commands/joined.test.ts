import { AppError } from "@sbx/contracts";
import { describe, it } from "vitest";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { daemonWithSession } from "../support/fake-session.ts";
import { runLine } from "../support/run-line.ts";

describe("a run in a sandbox that is there already", () => {
  it.for(["run", "create"])("as %s says which option the sandbox does not have, and starts no agent", async (command, { expect }) => {
    const { handlers, ...options } = daemonWithSession({ joined: true });
    const refused = new AppError("SANDBOX_BUSY", { message: 'The sandbox "claude-app" was made without --hide .env, which cannot be changed', fix: "Remove it first with: sbx rm claude-app" });
    const daemon = createFakeDaemon({ ...options, handlers: { ...handlers, createSandbox: () => Promise.reject(refused) } });
    const { code, err } = await runLine([command, "--hide", ".env", "claude"], { daemon });
    expect(code).toBe(125);
    expect(err).toContain("was made without --hide .env, which cannot be changed");
    expect(err).toContain("fix: Remove it first with: sbx rm claude-app");
    expect(daemon.calls.map(({ name }) => name)).not.toContain("openSession");
  });

  it("asks the daemon for what was asked for, and for nothing else", async ({ expect }) => {
    const daemon = createFakeDaemon(daemonWithSession({ joined: true }));
    await runLine(["run", "--allow-host", "new.example.org", "--allow-host-port", "5432", "claude"], { daemon });
    expect(daemon.calls.find(({ name }) => name === "createSandbox")?.input).toMatchObject({ allow: ["new.example.org"], allowHostPorts: [5432], limits: {} });
    expect(daemon.calls.map(({ name }) => name)).not.toContain("addRule");
  });
});
