import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ContainerPodId, SandboxId } from "@sbx/contracts";
import { afterEach, beforeEach, describe, it } from "vitest";
import { createAllowedImages } from "../../src/docker/allowed-images.ts";
import { createContainerFiles } from "../../src/docker/container-files.ts";
import { createDockerFiles } from "../../src/docker/docker-files.ts";

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

describe("images that agents may run", () => {
  it("are none at first, each once, and none again", async ({ expect }) => {
    const images = createAllowedImages(root);
    expect(await images.list()).toEqual([]);
    await Promise.all([images.allow("postgres:16"), images.allow("redis:7"), images.allow("postgres:16")]);
    expect(await createAllowedImages(root).list()).toEqual(["postgres:16", "redis:7"]);
    expect([await images.deny("postgres:16"), await images.deny("postgres:16")]).toEqual([true, false]);
    expect(await images.list()).toEqual(["redis:7"]);
  });

  it("are none while their file is none", async ({ expect }) => {
    writeFileSync(path.join(root, "docker.json"), '{"version":1,"images":["ok"],"more":1}');
    await expect(createAllowedImages(root).list()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
