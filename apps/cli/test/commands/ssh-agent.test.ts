import { describe, it } from "vitest";
import { aSandbox, aSession } from "../support/builders.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine } from "../support/run-line.ts";

async function askedFor(env: Record<string, string>, ...args: readonly string[]) {
  const daemon = createFakeDaemon({ handlers: { createSandbox: () => Promise.resolve({ sandbox: aSandbox(), joined: false }), openSession: () => Promise.resolve(aSession()) } });
  const { code, err } = await runLine(args, { daemon, env });
  const call = daemon.calls.find(({ name }) => name === "createSandbox")?.input as { readonly sshAgent?: unknown; readonly agent?: string } | undefined;
  return { code, err, asked: call !== undefined, sshAgent: call?.sshAgent, agent: call?.agent };
}

describe("--ssh-agent", () => {
  it.for([
    [["create", "shell"], undefined],
    [["create", "--ssh-agent", "shell"], { socket: "/run/mine" }],
    [["create", "--ssh-agent=other", "shell"], { socket: "/tmp/other" }],
    [["create", "--ssh-agent=/run/other", "--ssh-known-hosts", "hosts", "shell"], { socket: "/run/other", knownHosts: "/tmp/hosts" }],
  ] as const)("%j gives %j, and the next word is the agent", async ([args, sshAgent], { expect }) => {
    expect(await askedFor({ SSH_AUTH_SOCK: "/run/mine" }, ...args)).toMatchObject({ code: 0, sshAgent, agent: "shell" });
  });

  it.for([[[]], [["SSH_AUTH_SOCK", ""]]] as const)("is refused where the person has none, and the daemon is asked nothing", async ([pair], { expect }) => {
    const { code, err, asked } = await askedFor(Object.fromEntries([pair].filter((one) => one.length > 0)) as Record<string, string>, "create", "--ssh-agent", "shell");
    expect([code, asked]).toEqual([2, false]);
    expect(err).toContain("SSH_AUTH_SOCK");
  });

  it("is not given by its hosts alone, nor after the agent", async ({ expect }) => {
    const hosts = await askedFor({ SSH_AUTH_SOCK: "/run/mine" }, "create", "--ssh-known-hosts", "/hosts", "shell");
    expect([hosts.code, hosts.asked]).toEqual([2, false]);
    const late = await askedFor({ SSH_AUTH_SOCK: "/run/mine" }, "run", "shell", "--ssh-agent");
    expect([late.code, late.asked]).toEqual([2, false]);
  });
});
