import { RecreateSandbox } from "@sbx/contracts";
import type { AgentProfile } from "@sbx/core";
import { describe, it } from "vitest";
import { openSandboxLab, type SandboxLab } from "./lab.ts";

const NOTHING_ELSE = RecreateSandbox.parse({});

function recreate(lab: SandboxLab, changes = NOTHING_ELSE, beforeStop: () => Promise<void> = () => Promise.resolve()): ReturnType<SandboxLab["service"]["recreate"]> {
  return lab.service.recreate("shell-app", changes, { operation: "op", signal: new AbortController().signal, beforeStop });
}

const disk = (path: string, mode = "755"): AgentProfile["volumes"][number] => ({ path, mode: Number.parseInt(mode, 8), stated: { mode } });
const containers = async ({ engine }: SandboxLab): Promise<readonly string[]> => (await engine.list([])).map(({ id, state }) => `${id} ${state}`).toSorted();
const volumes = async ({ engine }: SandboxLab): Promise<readonly string[]> => (await engine.listVolumes([])).map(({ labels }) => labels["dev.sbx.path"] ?? labels["dev.sbx.role"] ?? "").toSorted();

describe("a sandbox that is made anew", () => {
  it("has its id, new containers and home, and the volumes that it had, which are nobody else's now; install hooks do not run again", async ({ expect }) => {
    const changed = { volumes: [disk("/data"), disk("/other")] };
    await using lab = openSandboxLab({ changed: () => changed });
    const { live } = await lab.create();
    const before = await containers(lab);
    const ran: string[] = [];
    lab.engine.programs.set("/hook", ({ spec }) => ran.push(spec.user) && 0);
    changed.volumes = [disk("/other"), disk("/new")];
    expect((await recreate(lab)).record.id).toBe(live.record.id);
    expect((await containers(lab)).filter((one) => before.includes(one))).toEqual([]);
    expect(await volumes(lab)).toEqual(["/data", "/new", "/other", "home"]);
    expect(live.record).toMatchObject({ ready: true, volumes: [{ path: "/other", kept: true }, { path: "/new" }], dormant: [{ path: "/data" }] });
    expect([live.running, live.record.homeless, live.record.volumes?.[1]?.kept]).toEqual([true, undefined, undefined]);
    expect(ran).toHaveLength(1);
    expect(lab.events.map(({ type }) => type)).toContain("sandbox.recreated");
    await lab.service.remove("shell-app");
    expect(await lab.left()).toEqual([]);
  });

  it("keeps what stands for its secrets, and is granted what its Kits want now; install hooks never run where they are put on", async ({ expect }) => {
    const one = (service: string): AgentProfile["credentials"][number] => ({
      service,
      name: service.toUpperCase(),
      injections: [{ domain: "a.example", header: "x-key", format: "%s" }],
      phases: ["runtime"],
    });
    const changed: { credentials: AgentProfile["credentials"] } = { credentials: [one("a"), one("b")] };
    await using lab = openSandboxLab({ changed: () => changed });
    const beside: string[] = [];
    lab.engine.programs.set("/hook", async () => {
      beside.push((await lab.engine.list([])).some(({ labels }) => labels["dev.sbx.role"] === "workload") ? "sandbox" : "apart");
      return 0;
    });
    const { live } = await lab.create();
    expect(beside).toEqual(["apart", "sandbox"]);
    expect(live.record.credentials).toMatchObject([{ service: "a", placeholder: "placeholder" }, { service: "b" }]);
    live.record = { ...live.record, credentials: [{ ...one("a"), injections: [], placeholder: "kept" }] };
    changed.credentials = [one("a"), one("c")];
    await recreate(lab);
    expect(live.record.credentials).toMatchObject([
      { service: "a", placeholder: "kept", injections: one("a").injections },
      { service: "c", placeholder: "placeholder" },
    ]);
    changed.credentials = [];
    await recreate(lab);
    expect(live.record.credentials).toBeUndefined();
  });

  it("is as it was, and runs, when a volume is asked for otherwise: nothing was stopped", async ({ expect }) => {
    const changed = { volumes: [disk("/data")] };
    await using lab = openSandboxLab({ changed: () => changed });
    const { live } = await lab.create();
    const [before, record] = [await containers(lab), live.record];
    let stopped = 0;
    for (const otherwise of [[disk("/data", "700")], [{ ...disk("/data"), stated: {} }], [{ ...disk("/data"), memoryBytes: 1 << 20 }]]) {
      changed.volumes = otherwise;
      await expect(recreate(lab, NOTHING_ELSE, () => Promise.resolve(void (stopped += 1)))).rejects.toMatchObject({ code: "KIT_CONFLICT" });
    }
    expect([await containers(lab), live.record, live.running, stopped]).toEqual([before, record, true, 0]);
  });

  it("is as it was when one of its Kits lies where an agent may write", async ({ expect }) => {
    const changed: Partial<AgentProfile> = { kits: [] };
    await using lab = openSandboxLab({ changed: () => changed });
    const { live } = await lab.create();
    const before = await containers(lab);
    const kit = `${live.record.request.workspace}/kit`;
    Object.assign(changed, { kits: [{ reference: kit, name: "kit", kind: "workload", directory: kit }] });
    await expect(recreate(lab, { ...NOTHING_ELSE, agent: kit })).rejects.toMatchObject({ code: "KIT_INVALID" });
    expect([await containers(lab), live.record.request.agent]).toEqual([before, "shell"]);
  });

  it("keeps its volumes whatever fails on the way, and can be started or made anew afterwards", async ({ expect }) => {
    for (let step = 1; ; step += 1) {
      await using lab = openSandboxLab();
      const { live } = await lab.create();
      lab.steps.breakAt(step, () => {
        throw new Error("broken");
      });
      const failed = await recreate(lab).then(
        () => false,
        () => true,
      );
      const at = lab.steps.hit;
      if (at === undefined) break;
      expect([at, (await volumes(lab)).includes("/data"), live.record.ready]).toEqual([at, true, true]);
      if (failed) await recreate(lab);
      expect([at, live.running, live.record.homeless]).toEqual([at, true, undefined]);
      await lab.service.remove("shell-app");
      expect([at, await lab.left()]).toEqual([at, []]);
    }
  });

  it("gets its home at its next start where its start failed", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { live } = await lab.create();
    lab.engine.programs.set("/bin/sh", () => 1);
    await expect(recreate(lab)).rejects.toThrow();
    expect([live.running, live.record.homeless]).toEqual([false, true]);
    lab.engine.programs.set("/bin/sh", () => 0);
    await lab.service.start("shell-app", { operation: "op", signal: new AbortController().signal });
    expect([live.running, live.record.homeless]).toEqual([true, undefined]);
  });

  it("has the identity for commits that it was made with; one of an older version gets the person's", async ({ expect }) => {
    let identity = { name: "Ada", email: "ada@example.invalid" };
    await using lab = openSandboxLab({ identity: () => identity });
    const { live } = await lab.create();
    identity = { name: "Other", email: "other@example.invalid" };
    await recreate(lab);
    expect(live.record.gitIdentity).toEqual({ name: "Ada", email: "ada@example.invalid" });
    const { gitIdentity: _unknown, ...older } = live.record;
    live.record = older;
    await recreate(lab);
    expect(live.record.gitIdentity).toEqual(identity);
  });

  it("takes other Kits in place of all that it had, and lets go of arguments that none of them has", async ({ expect }) => {
    const changed: Partial<AgentProfile> = { args: ["kept", "gone"] };
    await using lab = openSandboxLab({ changed: () => changed });
    const { live } = await lab.create({ kits: ["one"], args: { kept: "1", gone: "2" } });
    Object.assign(changed, { args: ["kept", "new"] });
    await recreate(lab, { ...NOTHING_ELSE, agent: "codex", args: { new: "3" }, reject: ["example.org/a@1"] });
    expect(live.record.request).toMatchObject({ agent: "codex", kits: [], args: { kept: "1", new: "3" }, reject: ["example.org/a@1"] });
    expect(Object.keys(live.record.request.args)).not.toContain("gone");
  });
});
