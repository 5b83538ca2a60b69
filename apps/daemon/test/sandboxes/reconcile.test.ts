import { describe, it } from "vitest";
import { openSandboxLab } from "./lab.ts";

describe("a sandbox in the engine of which nothing is remembered", () => {
  it("is left as it is when a newer sbx made it, and nothing else is touched either", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { live } = await lab.create();
    const [workload] = (await lab.engine.list(["dev.sbx.role=workload"])).map(({ labels }) => labels);
    const record: unknown = JSON.parse(workload?.["dev.sbx.record"] ?? "");
    await using next = openSandboxLab();
    const labels = { "dev.sbx.owner": "1000:lab", "dev.sbx.sandbox": live.record.id };
    const container = {
      image: "sha256:agent",
      command: [],
      env: {},
      user: "1000:1000",
      workdir: "/",
      mounts: [],
      capabilities: [],
      readonlyRoot: false,
      seccomp: "default",
      limits: { pids: 1 },
    } as const;
    const network = { kind: "none", hostname: "x", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] } as const;
    await next.engine.create({ ...container, network, name: "orphan", labels: { ...labels, "dev.sbx.sandbox": "sbx_zzzzzzzz", "dev.sbx.role": "workload" } });
    await next.engine.create({ ...container, network, name: "later", labels: { ...labels, "dev.sbx.role": "workload", "dev.sbx.record": JSON.stringify({ ...Object(record), version: 2 }) } });
    await next.engine.createVolume("sbx-home-later", { ...labels, "dev.sbx.role": "home" });
    for (const attempt of [() => next.service.reconcile(), () => next.create()]) await expect(attempt()).rejects.toMatchObject({ code: "STATE_NEWER" });
    expect(await next.left()).toEqual(["container orphan", "container later", "volume sbx-home-later"]);
  });
});
