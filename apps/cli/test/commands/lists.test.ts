import { describe, it } from "vitest";
import { aSandbox, aSession, anEvent } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

describe("sbx ls", () => {
  const sandboxes = [
    aSandbox({ sessions: [aSession()] }),
    aSandbox({ id: "sbx_00000002", name: "claude-x", agent: "claude", state: { phase: "running", network: "cut-off" }, workspace: "/home/a\u001B[31mb" }),
  ];
  const daemon = () => createFakeDaemon({ handlers: { listSandboxes: () => Promise.resolve(sandboxes) } });

  it("prints a table without control characters", async ({ expect }) => {
    expect((await runLine(["ls"], { daemon: daemon() })).out).toMatchInlineSnapshot(`
      "NAME        AGENT    STATUS              SESSIONS   PORTS   DOCKER   WORKSPACE
      shell-app   shell    running             1                           /tmp
      claude-x    claude   running (cut off)   0                           /home/ab
      "
    `);
  });

  it("prints the contract's own form with --json, and names with -q", async ({ expect }) => {
    expect(JSON.parse((await runLine(["ls", "--json"], { daemon: daemon() })).out)).toEqual(sandboxes);
    expect((await runLine(["ls", "-q"], { daemon: daemon() })).out).toBe("shell-app\nclaude-x\n");
  });

  it("says what to do when there is none", async ({ expect }) => {
    const { out } = await runLine(["ls"], { daemon: createFakeDaemon({ handlers: { listSandboxes: () => Promise.resolve([]) } }) });
    expect(out).toBe("There is no sandbox. Start one in this directory with: sbx run shell\n");
  });
});

describe("a command whose sandbox is not named", () => {
  const daemon = (all: ReturnType<typeof aSandbox>[]) => createFakeDaemon({ handlers: { listSandboxes: () => Promise.resolve(all), stopSandbox: () => Promise.resolve(aSandbox()) } });

  it("takes the one whose workspace is nearest around the current directory", async ({ expect }) => {
    const result = await runLine(["stop"], {
      cwd: "/usr/lib",
      daemon: daemon([aSandbox({ name: "root-of-all", workspace: "/" }), aSandbox({ id: "sbx_00000002", name: "near", workspace: "/usr" }), aSandbox({ name: "not-it", workspace: "/us" })]),
    });
    expect(result).toMatchObject({ code: 0, out: "near\n" });
    expect(result.daemon.calls.at(-1)).toEqual({ name: "stopSandbox", input: { sandbox: "sbx_00000002" } });
  });

  it("takes the one in use of several", async ({ expect }) => {
    const result = await runLine(["stop"], {
      daemon: daemon([aSandbox({ name: "idle" }), aSandbox({ name: "in-use", sessions: [aSession()] }), aSandbox({ name: "stopped", state: { phase: "stopped" } })]),
    });
    expect(result.out).toBe("in-use\n");
  });

  it("asks which when there are several, and says so when there is none", async ({ expect }) => {
    const several = await runLine(["stop"], { daemon: daemon([aSandbox(), aSandbox({ name: "other" })]) });
    expect(several.code).toBe(2);
    expect(several.err).toContain("several sandboxes: shell-app, other");
    const none = await runLine(["stop"], { daemon: daemon([]) });
    expect(none.err).toContain("There is no sandbox of this directory");
  });
});

describe("sbx rm", () => {
  it("wants a name or --all", async ({ expect }) => {
    const { code, daemon } = await runLine(["rm"]);
    expect({ code, calls: daemon.calls }).toEqual({ code: 2, calls: [] });
  });

  it("removes the others when one cannot be removed, and ends with 125", async ({ expect }) => {
    const { AppError } = await import("@sbx/contracts");
    const daemon = createFakeDaemon({
      handlers: {
        removeSandbox: ({ sandbox }) => (sandbox === "busy" ? Promise.reject(new AppError("SANDBOX_BUSY", { message: "busy", fix: "sbx rm --force busy" })) : Promise.resolve({ done: true })),
      },
    });
    const { code, out, err } = await runLine(["rm", "busy", "idle"], { daemon });
    expect({ code, out }).toEqual({ code: 125, out: "idle\n" });
    expect(err).toContain("code: SANDBOX_BUSY");
  });

  it("forces only when told to", async ({ expect }) => {
    const handlers = { removeSandbox: () => Promise.resolve({ done: true as const }) };
    expect((await runLine(["rm", "a1"], { daemon: createFakeDaemon({ handlers }) })).daemon.calls).toEqual([{ name: "removeSandbox", input: { sandbox: "a1", force: false } }]);
    expect((await runLine(["rm", "-f", "a1"], { daemon: createFakeDaemon({ handlers }) })).daemon.calls).toEqual([{ name: "removeSandbox", input: { sandbox: "a1", force: true } }]);
  });
});

describe("sbx events", () => {
  it("prints a line for each, with values that cannot break it", async ({ expect }) => {
    const daemon = createFakeDaemon({
      handlers: {
        listEvents: () =>
          Promise.resolve([anEvent({ fields: { to: "a.example.org", port: 443, reason: "no rule names\n\u001B]0;x\u0007it" } }), anEvent({ id: 2, type: "sandbox.progress", fields: {} })]),
      },
    });
    expect((await runLine(["events"], { daemon })).out).toBe('2026-01-02T03:04:05.000Z egress.denied    sbx_k3v9q2m1 to=a.example.org port=443 reason="no rule names it"\n');
  });
});
