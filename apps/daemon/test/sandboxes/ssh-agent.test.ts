import type { AgentProfile, ContainerSpec } from "@sbx/core";
import { describe, it } from "vitest";
import { openSandboxLab, WORKSPACE, type SandboxLab } from "./lab.ts";

const OPTIONS = { operation: "op", signal: new AbortController().signal };
const RECREATED = { ...OPTIONS, beforeStop: () => Promise.resolve() };
const RUNTIME: Partial<AgentProfile> = { ssh: { runtime: { unrestricted: true } } };
const BOTH: Partial<AgentProfile> = { ssh: { runtime: { unrestricted: true }, install: { unrestricted: false, sign: ["git"], authenticate: [] } } };
const AGENT = { socket: "/run/agent.sock" };
const ANSWERED = "SSH agent of sbx_00000001 in runtime";

/** Every container that is made from now on. */
function madeIn({ engine }: SandboxLab): readonly ContainerSpec[] {
  const made: ContainerSpec[] = [];
  const create = engine.create.bind(engine);
  engine.create = (spec, signal) => {
    made.push(spec);
    return create(spec, signal);
  };
  return made;
}

/** What lies on this machine where a container has an SSH agent. */
function agentsOf({ mounts }: ContainerSpec): readonly string[] {
  return mounts.flatMap((mount) => (mount.kind === "bind" && mount.target === "/.sbx/ssh" ? [mount.source] : []));
}

describe("a sandbox that is granted its person's SSH agent", () => {
  it("has it while it runs, at every start, and not a moment longer", async ({ expect }) => {
    await using lab = openSandboxLab({ changed: () => RUNTIME });
    const made = madeIn(lab);
    const { live } = await lab.create({ sshAgent: AGENT });
    expect(await lab.active()).toContain(ANSWERED);
    const [workload, ...others] = made.filter(({ labels }) => labels["dev.sbx.role"] === "workload");
    expect([workload?.env["SSH_AUTH_SOCK"], others]).toEqual(["/.sbx/ssh/sock", []]);
    expect(workload?.mounts).toContainEqual({ kind: "bind", source: "/ssh/runtime", target: "/.sbx/ssh", readonly: true });
    await lab.service.stop(live.record.id);
    expect(await lab.active()).toEqual([]);
    await lab.service.start(live.record.id, OPTIONS);
    expect(await lab.active()).toContain(ANSWERED);
    await lab.service.remove(live.record.id);
    expect(await lab.left()).toEqual([]);
  });

  it("keeps what it was granted, whatever its Kits ask for later, until it is made anew", async ({ expect }) => {
    let now: Partial<AgentProfile> = { ssh: { runtime: { unrestricted: false, sign: ["git"], authenticate: [] } } };
    await using lab = openSandboxLab({ changed: () => now });
    const { live } = await lab.create({ sshAgent: AGENT });
    const { ssh } = live.record;
    expect(ssh).toEqual(now.ssh);
    now = RUNTIME;
    await lab.service.stop(live.record.id);
    await lab.service.start(live.record.id, OPTIONS);
    expect(live.record.ssh).toEqual(ssh);
    await lab.service.recreate(live.record.id, { args: {} }, RECREATED);
    expect(live.record.ssh).toEqual(RUNTIME.ssh);
    now = {};
    await lab.service.recreate(live.record.id, { args: {} }, RECREATED);
    expect(live.record.ssh).toBeUndefined();
    expect(await lab.active()).not.toContain(ANSWERED);
  });

  it("has nothing where no Kit asks, and says so", async ({ expect }) => {
    await using lab = openSandboxLab();
    const made = madeIn(lab);
    const { live } = await lab.create({ sshAgent: AGENT });
    expect(live.record.skipped).toEqual([expect.stringContaining("--ssh-agent")]);
    expect(await lab.active()).not.toContain(ANSWERED);
    expect(made.filter((spec) => "SSH_AUTH_SOCK" in spec.env || agentsOf(spec).length > 0)).toEqual([]);
  });

  it("gives install hooks what is theirs and nothing of the sandbox's own", async ({ expect }) => {
    for (const [changed, hookMounts] of [
      [RUNTIME, []],
      [BOTH, ["/ssh/install"]],
    ] as const) {
      await using lab = openSandboxLab({ changed: () => changed });
      const made = madeIn(lab);
      await lab.create({ sshAgent: AGENT });
      expect(made.filter(({ labels }) => labels["dev.sbx.role"] === "hooks").map(agentsOf)).toEqual([hookMounts]);
      expect(await lab.active()).not.toContain("SSH agent of sbx_00000001 in install");
      expect(await lab.active()).toContain(ANSWERED);
    }
  });

  it.for([`${WORKSPACE}/agent.sock`, "/srv/more/agent.sock", "/srv/other/agent.sock"])(
    "is not made, nor given another agent, where that lies in what a sandbox writes: %s",
    async (socket, { expect }) => {
      await using lab = openSandboxLab({ changed: () => RUNTIME });
      await lab.create({ agent: "other", workspace: "/srv/other" });
      const before = await lab.left();
      const wanted = { extra: [{ path: "/srv/more", readonly: false }], sshAgent: { socket } };
      await expect(lab.create(wanted)).rejects.toMatchObject({ code: "PATH_REFUSED" });
      expect(await lab.left()).toEqual(before);
      const { live } = await lab.create({ ...wanted, sshAgent: AGENT });
      await expect(lab.create({ sshAgent: { socket } })).rejects.toMatchObject({ code: "PATH_REFUSED" });
      expect(live.record.request.sshAgent).toEqual(AGENT);
    },
  );

  it("takes the agent that its person has now, and none where it was made without", async ({ expect }) => {
    await using lab = openSandboxLab({ changed: () => RUNTIME });
    const { live } = await lab.create({ sshAgent: AGENT });
    const { joined } = await lab.create({ sshAgent: { socket: "/run/other.sock" } });
    expect([joined, live.record.request.sshAgent]).toEqual([true, { socket: "/run/other.sock" }]);
    await lab.create();
    expect(live.record.request.sshAgent).toEqual({ socket: "/run/other.sock" });
    await using without = openSandboxLab();
    await without.create();
    await expect(without.create({ sshAgent: AGENT })).rejects.toMatchObject({ code: "SANDBOX_BUSY", details: { options: ["--ssh-agent"] } });
  });
});
