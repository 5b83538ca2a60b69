import { describe, it } from "vitest";
import { aSandbox } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { daemonWithSession } from "../support/fake-session.ts";
import { runLine } from "../support/run-line.ts";

const daemonWith = (over: Parameters<typeof aSandbox>[0] = {}) => {
  const options = daemonWithSession({ sandbox: aSandbox({ model: { service: "anthropic", source: "scripted" }, ...over }), joined: true });
  return createFakeDaemon({
    ...options,
    handlers: {
      ...options.handlers,
      listRules: () => Promise.resolve([{ id: "run-1", effect: "allow", to: "old.example.org", layer: "sandbox" }]),
      addRule: ({ effect, to }) => Promise.resolve({ id: "allow-1", effect, to, layer: "sandbox" }),
    },
  });
};

describe("a run in a sandbox that is there already", () => {
  it.for([
    ["--hide", ".env"],
    ["--allow-write", ".git/hooks"],
    ["--add-dir", "/usr"],
    ["--add-dir", "/opt"],
    ["--cpus", "2"],
    ["-m", "4g"],
    ["--pids", "100"],
    ["--model", "provider"],
  ])("does not start the agent when %s %s cannot be had", async ([option, value], { expect }) => {
    const { code, err, daemon } = await runLine(["run", option ?? "", value ?? "", "claude"], { daemon: daemonWith({ protected: [".git/hooks"], extra: [{ path: "/usr", readonly: true }] }) });
    expect(code).toBe(125);
    expect(err).toContain("which cannot be changed");
    expect(daemon.calls.map(({ name }) => name)).not.toContain("openSession");
  });

  it("goes on when the options are what it has", async ({ expect }) => {
    const { code } = await runLine(["run", "--hide", ".env", "--allow-write", ".git/config", "--add-dir", "/usr:ro", "--cpus", "2", "--pids", "4096", "--model", "scripted", "claude"], {
      daemon: daemonWith({ protected: [".git/hooks"], hidden: ["/tmp/.env"], extra: [{ path: "/usr", readonly: true }], limits: { cpus: 2 } }),
    });
    expect(code).toBe(0);
  });

  it("allows further destinations for this sandbox, each once", async ({ expect }) => {
    const { daemon } = await runLine(["run", "--allow-host", "old.example.org", "--allow-host", "new.example.org", "--allow-host", "new.example.org", "--allow-host-port", "5432", "claude"], {
      daemon: daemonWith(),
    });
    expect(daemon.calls.filter(({ name }) => name === "addRule").map(({ input }) => input)).toEqual(
      ["new.example.org", "host.docker.internal:5432"].map((to) => ({ effect: "allow", to, sandbox: "sbx_k3v9q2m1" })),
    );
  });
});
