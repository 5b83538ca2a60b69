import { AppError } from "@sbx/contracts";
import { describe, it, type ExpectStatic } from "vitest";
import { openSandboxLab, WORKSPACE, type SandboxLab } from "./lab.ts";

const TIMEOUT_MS = 60_000;

/** Ids of gates that no sandbox has. */
async function spares({ engine, service }: SandboxLab): Promise<readonly string[]> {
  const known = new Set<string>(service.list().map(({ record }) => record.id));
  return (await engine.list(["dev.sbx.role=gate"])).flatMap(({ labels }) => labels["dev.sbx.sandbox"] ?? []).filter((id) => !known.has(id));
}

/** A lab in which one beginning is ready, and its id; the sandbox that it was made after is gone. */
async function ready(expect: ExpectStatic): Promise<{ readonly lab: SandboxLab; readonly id: string }> {
  const lab = openSandboxLab({ spares: true });
  const { live } = await lab.create();
  await expect.poll(() => spares(lab), { timeout: 20_000 }).toHaveLength(1);
  await lab.service.remove(live.record.id);
  const [id = "none"] = await spares(lab);
  // It has handed over, too.
  await expect.poll(() => lab.steps.taken.filter((step) => step === "pod.ready").length).toBe(2);
  return { lab, id };
}

describe("the beginning of a sandbox that is kept ready", { timeout: TIMEOUT_MS }, () => {
  it("becomes the next sandbox with its id and its gate, is shown to nobody before, and another one follows", async ({ expect }) => {
    const { lab, id } = await ready(expect);
    await using _ = lab;
    expect(lab.service.list()).toEqual([]);
    expect(lab.spare.given).toEqual([]);
    const [gate] = await lab.engine.list([`dev.sbx.sandbox=${id}`]);
    lab.steps.breakAt(0, () => undefined);
    const { live } = await lab.create({ name: "box" });
    expect([live.record.id, live.record.gate, live.running, live.record.ready]).toEqual([id, gate?.id, true, true]);
    expect(lab.spare.given).toEqual([`${id} box`]);
    await expect.poll(() => spares(lab), { timeout: 20_000 }).toHaveLength(1);
    await lab.service[Symbol.asyncDispose]();
    expect(await spares(lab)).toEqual([]);
    expect((await lab.engine.list([])).map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual([`sbx-${id.slice(4)} running`, `sbx-gate-${id.slice(4)} running`]);
  });

  it("is one sandbox's alone, also when several are made at once", async ({ expect }) => {
    const { lab, id } = await ready(expect);
    await using _ = lab;
    const made = await Promise.all(["a", "b", "c", "d"].map((name) => lab.create({ name, workspace: `${WORKSPACE}/${name}` })));
    const [ids, gates] = [made.map(({ live }) => live.record.id), made.map(({ live }) => live.record.gate)];
    expect(ids.filter((one) => one === id)).toHaveLength(1);
    expect([new Set(ids).size, new Set(gates).size]).toEqual([4, 4]);
    expect(lab.spare.given).toHaveLength(1);
  });

  it("is none whose gate has ended: that one goes, and the sandbox has a gate of its own", async ({ expect }) => {
    const { lab, id } = await ready(expect);
    await using _ = lab;
    lab.spare.dead.add(id);
    const { live } = await lab.create();
    expect([live.record.id === id, live.running, lab.spare.given]).toEqual([false, true, []]);
    expect(await lab.engine.list([`dev.sbx.sandbox=${id}`])).toEqual([]);
  });

  it("is none whose gate was made from another image", async ({ expect }) => {
    const { lab, id } = await ready(expect);
    await using _ = lab;
    lab.engine.images.set("gate", "sha256:newer");
    const { live } = await lab.create();
    expect([live.record.id === id, live.running, lab.spare.given]).toEqual([false, true, []]);
    expect(await lab.engine.list([`dev.sbx.sandbox=${id}`])).toEqual([]);
    expect((await lab.engine.inspect(live.record.gate ?? ""))?.image).toBe("sha256:newer");
  });

  it("keeps nobody from a sandbox while it is made or when it cannot be made", async ({ expect }) => {
    await using lab = openSandboxLab({ spares: true });
    const opening = Promise.withResolvers<never>();
    opening.promise.catch(() => undefined);
    lab.spare.opening = opening.promise;
    await lab.create({ name: "one" });
    await expect.poll(() => lab.steps.taken.filter((step) => step === "pods.openSpare"), { timeout: 20_000 }).toHaveLength(1);
    expect((await lab.create({ name: "two", workspace: `${WORKSPACE}/two` })).live.running).toBe(true);
    opening.reject(new AppError("POD_FAILED", { message: "none", fix: "none" }));
    expect((await lab.create({ name: "three", workspace: `${WORKSPACE}/three` })).live.running).toBe(true);
    expect(lab.spare.given).toEqual([]);
    for (const name of ["one", "two", "three"]) await lab.service.remove(name);
    await lab.service[Symbol.asyncDispose]();
    expect(await lab.left()).toEqual([]);
  });

  it("leaves nothing of a sandbox that is made of it and fails, whichever step fails", async ({ expect }) => {
    const fail = (): never => {
      throw new AppError("ENGINE_FAILED", { message: "the planted fault", fix: "None." });
    };
    const { lab: clean } = await ready(expect);
    clean.steps.breakAt(0, fail);
    await clean.create();
    const steps = [...clean.steps.taken];
    await clean[Symbol.asyncDispose]();
    expect(steps).toEqual(expect.arrayContaining(["workspace.prepare", "engine.createVolume", "engine.create", "engine.start", "store.putSandbox"]));
    for (let at = 1; at <= steps.length; at += 1) {
      const { lab } = await ready(expect);
      await using _ = lab;
      lab.steps.breakAt(at, fail);
      const problem = await lab.create().then(
        () => undefined,
        (error: unknown) => error,
      );
      const step = `${at}: ${String(lab.steps.hit)}`;
      if (problem !== undefined) expect([step, AppError.is(problem) ? problem.message : problem]).toEqual([step, "the planted fault"]);
      for (const { record } of lab.service.list()) await lab.service.remove(record.id);
      await lab.service[Symbol.asyncDispose]();
      expect([step, await lab.left()]).toEqual([step, []]);
    }
  });

  it("goes when the daemon ends, also while it is made", async ({ expect }) => {
    await using lab = openSandboxLab({ spares: true });
    const { live } = await lab.create();
    await lab.service.remove(live.record.id);
    await lab.service[Symbol.asyncDispose]();
    expect(await lab.left()).toEqual([]);
  });

  it("goes after a crash, when the next daemon starts", async ({ expect }) => {
    const { lab, id } = await ready(expect);
    await using _ = lab;
    await using next = openSandboxLab();
    for (const view of await lab.engine.list([])) {
      const network = { kind: "none", hostname: "x", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] } as const;
      const spec = {
        name: view.name,
        image: "sha256:gate",
        command: [],
        env: {},
        labels: view.labels,
        user: "0:0",
        workdir: "/",
        mounts: [],
        network,
        capabilities: [],
        readonlyRoot: true,
        seccomp: "default",
        limits: { pids: 1 },
      } as const;
      await next.engine.start(await next.engine.create(spec));
    }
    expect(await next.left()).toContain(`running sbx-gate-${id.slice(4)}`);
    await next.service.reconcile();
    expect(await next.left()).toEqual([]);
  });
});
