import { randomBytes } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerSpec, Engine, EngineId } from "@sbx/core";
import { connectEngine } from "../src/index.ts";

/** The engine of this machine; a test that needs one fails without. */
export async function realEngine(): Promise<Engine> {
  return connectEngine({ environment: process.env, home: homedir(), labels: { "dev.sbx.test": "engine-docker" }, directory: join(tmpdir(), `sbx-engine-${String(process.pid)}`) });
}

/** A container as workloads are, with these differences. */
export function aSpec(image: EngineId, changes: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: `dev-engine-${randomBytes(4).toString("hex")}`,
    image,
    command: ["sleep", "1000"],
    env: {},
    labels: { "dev.sbx.test": "engine-docker", "dev.sbx.role": "workload" },
    user: "1000:1000",
    workdir: "/",
    mounts: [{ kind: "tmpfs", target: "/run/sbx", sizeBytes: 16 << 20, mode: 0o700, uid: 1000, gid: 1000 }],
    network: { kind: "none", hostname: "box", sysctls: {}, dns: ["127.0.0.53"], dnsSearch: ["."], dnsOptions: ["ndots:1"], extraHosts: [] },
    capabilities: [],
    readonlyRoot: false,
    seccomp: "default",
    limits: { pids: 200, memoryBytes: 256 << 20, cpus: 1 },
    ...changes,
  };
}

/** A running container that is removed when its owner is disposed. */
export async function startContainer(engine: Engine, spec: ContainerSpec): Promise<{ readonly id: EngineId } & AsyncDisposable> {
  const id = await engine.create(spec);
  try {
    await engine.start(id);
  } catch (error) {
    await engine.remove(id);
    throw error;
  }
  return { id, [Symbol.asyncDispose]: async () => engine.remove(id) };
}

/** One that runs sessions: pid 1 is the holder. */
export function aSessionSpec(image: EngineId, hold: string): ContainerSpec {
  const spec = aSpec(image);
  return { ...spec, command: ["/.sbx/hold", "init"], mounts: [...spec.mounts, { kind: "bind", source: hold, target: "/.sbx/hold", readonly: true }] };
}
