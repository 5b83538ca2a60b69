import type { CreateSandbox } from "@sbx/contracts";
import { describe, it } from "vitest";
import { openSandboxLab } from "./lab.ts";

const MADE: Partial<CreateSandbox> = {
  hide: [".env"],
  extra: [{ path: "/opt", readonly: true }],
  allow: ["old.example.org"],
  env: { TOKEN: "first" },
  limits: { cpus: 2, memoryBytes: 1 << 30, pids: 100 },
};

describe("a sandbox that is there already", () => {
  it.for([
    ["--hide secrets", { hide: ["secrets"] }],
    ["--hide .env/../.npmrc", { hide: [".env/../.npmrc"] }],
    ["--allow-write .git/hooks", { allowWrite: [".git/hooks"] }],
    ["--add-dir /usr", { extra: [{ path: "/usr", readonly: false }] }],
    ["--add-dir /opt", { extra: [{ path: "/opt", readonly: false }] }],
    ["--cpus 1", { limits: { cpus: 1 } }],
    ["--memory 67108864", { limits: { memoryBytes: 67_108_864 } }],
    ["--pids 99", { limits: { pids: 99 } }],
    ["--env TOKEN", { env: { TOKEN: "second" } }],
  ] as const)("is refused to a caller who asks for %s, and nothing of it is changed", async ([option, changes], { expect }) => {
    await using lab = openSandboxLab();
    await lab.create(MADE);
    const before = await lab.left();
    const asked = lab.create({ ...changes, extra: [...("extra" in changes ? changes.extra : [])], allow: ["new.example.org"] } as Partial<CreateSandbox>);
    await expect(asked).rejects.toMatchObject({ code: "SANDBOX_BUSY", message: `The sandbox "shell-app" was made without ${option}, which cannot be changed`, details: { options: [option] } });
    await expect(asked).rejects.not.toThrow("second");
    expect(lab.allowed).toEqual([]);
    expect(await lab.left()).toEqual(before);
  });

  it("is given to a caller who asks for what it has, or for nothing, also with other words for the same path", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { live } = await lab.create(MADE);
    for (const asked of [MADE, {}, { hide: ["/srv/app/.env", "./.env"] }, { allowWrite: [".git/config"] }]) {
      expect(await lab.create(asked)).toMatchObject({ joined: true, live: { record: { id: live.record.id } } });
    }
  });

  it("gets the destinations that are asked for", async ({ expect }) => {
    await using lab = openSandboxLab();
    await lab.create(MADE);
    await lab.create({ allow: ["new.example.org", "new.example.org"], allowHostPorts: [5432] });
    expect(lab.allowed).toEqual(["new.example.org", "host.docker.internal:5432"]);
  });

  it("that is stopped is not started for a caller who is refused", async ({ expect }) => {
    await using lab = openSandboxLab();
    const { live } = await lab.create(MADE);
    await lab.service.stop(live.record.id);
    await expect(lab.create({ hide: ["secrets"] })).rejects.toMatchObject({ code: "SANDBOX_BUSY" });
    expect(live.running).toBe(false);
    expect((await lab.create({ hide: [".env"] })).live.running).toBe(true);
  });
});
