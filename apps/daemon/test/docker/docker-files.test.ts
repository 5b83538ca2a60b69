import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ContainerPodId, SandboxId } from "@sbx/contracts";
import { afterEach, beforeEach, describe, it } from "vitest";
import { createContainerFiles } from "../../src/docker/container-files.ts";
import { createDockerFiles } from "../../src/docker/docker-files.ts";
import { createDockerRules } from "../../src/docker/docker-rules.ts";

const SANDBOX = SandboxId.parse("sbx_00000001");
const POD = ContainerPodId.parse("ctr_00000001");
let root: string;
beforeEach(() => {
  root = mkdtempSync("/tmp/sbx-docker-files-");
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

describe("what is held for a sandbox's Docker API", () => {
  it("has one key for the sandbox's life, that the daemon alone reads", async ({ expect }) => {
    const key = await createDockerFiles(root).key(SANDBOX);
    expect(key.byteLength).toBe(32);
    expect(await createDockerFiles(root).key(SANDBOX)).toEqual(key);
    expect(statSync(path.join(root, "sandboxes", SANDBOX, "docker.key")).mode & 0o777).toBe(0o600);
    expect(await createDockerFiles(root).key(SandboxId.parse("sbx_00000002"))).not.toEqual(key);
  });

  it("remembers the binds of the workload, and refuses what is no list of binds", async ({ expect }) => {
    const files = createDockerFiles(root);
    const bind = { kind: "bind", source: "/a", target: "/b", readonly: true } as const;
    await files.noteBinds(SANDBOX, [bind, { kind: "tmpfs", target: "/t", sizeBytes: 1, mode: 0o700 }]);
    expect(await files.notedBinds(SANDBOX)).toEqual([bind]);
    writeFileSync(path.join(root, "sandboxes", SANDBOX, "docker-binds.json"), '[{"kind":"bind","source":"/","target":"/","readonly":false,"x":1}]');
    await expect(files.notedBinds(SANDBOX)).rejects.toThrow();
  });

  it("keeps a socket's path short enough for the longest state directory", async ({ expect }) => {
    expect((await createDockerFiles(root).socketDirectory(SANDBOX)).length + "/sock".length - root.length).toBeLessThanOrEqual("/pods/sbx_00000000/gate.sock".length);
  });
});

describe("what is held for the pod of a container", () => {
  it("remembers which ports are published, and forgets what it cannot read", async ({ expect }) => {
    const files = createContainerFiles(root, SANDBOX);
    const directory = await files.podDirectory(POD);
    expect(await files.notedPorts(POD)).toEqual([]);
    await files.notePorts(POD, [{ containerPort: 80, hostPort: 40_000 }]);
    expect(await files.notedPorts(POD)).toEqual([{ containerPort: 80, hostPort: 40_000 }]);
    for (const text of ["", "[]x", '[{"containerPort":80,"hostPort":70000}]', '[{"containerPort":80}]']) {
      writeFileSync(path.join(directory, "ports.json"), text);
      expect(await files.notedPorts(POD)).toEqual([]);
    }
    expect(await files.list()).toEqual([POD]);
    await files.remove(POD);
    expect(await files.list()).toEqual([]);
  });
});

describe("rules of Docker APIs", () => {
  const open = () => createDockerRules(path.join(root, "docker.json"));

  it("allow no image at first, each once, and none again", async ({ expect }) => {
    const rules = open();
    expect(await rules.images()).toEqual([]);
    await Promise.all([rules.allowImage("postgres:16"), rules.allowImage("redis:7"), rules.allowImage("postgres:16")]);
    expect(await open().images()).toEqual(["postgres:16", "redis:7"]);
    expect([await rules.denyImage("postgres:16"), await rules.denyImage("postgres:16")]).toEqual([true, false]);
    expect(await rules.images()).toEqual(["redis:7"]);
  });

  it("allow no registry at first, the same images with one login, and none again", async ({ expect }) => {
    const rules = open();
    expect(await rules.registries()).toEqual([]);
    const pull = { action: "pull", images: "ghcr.io/team/*" } as const;
    await Promise.all([rules.allowRegistry(pull), rules.allowRegistry({ ...pull, action: "push" }), rules.allowImage("redis:7")]);
    await rules.allowRegistry({ ...pull, secret: "ghcr" });
    expect(await open().registries()).toEqual([
      { ...pull, action: "push" },
      { ...pull, secret: "ghcr" },
    ]);
    expect([await rules.denyRegistry(pull), await rules.denyRegistry(pull)]).toEqual([true, false]);
    expect([await rules.registries(), await rules.images()]).toEqual([[{ ...pull, action: "push" }], ["redis:7"]]);
    await expect(rules.allowRegistry({ action: "pull", images: "*.example.org/**" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it.for([
    '{"version":1,"images":["ok"],"more":1}',
    '{"version":1,"registries":[{"action":"pull","images":"*"}]}',
    '{"version":1,"registries":[{"action":"all","images":"a/b"}]}',
    '{"version":2}',
    "",
  ])("are none while their file is %j", async (text, { expect }) => {
    writeFileSync(path.join(root, "docker.json"), text);
    await expect(open().images()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(open().registries()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
