import { describe, it } from "vitest";
import type { ContainerSpec } from "@sbx/core";
import { containerBody } from "../src/container-body.ts";
import { dockerDialect, type Dialect } from "../src/dialect.ts";

const SPEC: ContainerSpec = {
  name: "sbx-x",
  image: "sha256:abc",
  command: ["/.sbx/hold", "init"],
  env: { A: "1=2" },
  labels: { "dev.sbx.role": "workload" },
  user: "1000:1000",
  workdir: "/w",
  mounts: [
    { kind: "bind", source: "/w", target: "/w", readonly: false },
    { kind: "volume", source: "home", target: "/home/agent" },
    { kind: "volume", source: "data", target: "/data", staysEmpty: true },
    { kind: "tmpfs", target: "/run/sbx", sizeBytes: 1024, mode: 0o700, uid: 1000, gid: 1001 },
  ],
  network: { kind: "join", container: "gate" },
  capabilities: [],
  readonlyRoot: true,
  seccomp: { defaultAction: "SCMP_ACT_ERRNO" },
  limits: { pids: 10, memoryBytes: 1000, cpus: 1.5 },
};

const PODMAN: Dialect = {
  logDriver: "none",
  tmpfsOwner: "user",
  joinsHostName: true,
  makesSources: true,
  ulimits: [{ Name: "nofile", Soft: 1024, Hard: 1024 }],
  dataRoot: undefined,
  seccomp: async () => Promise.resolve("/state/seccomp.json"),
};

describe("containerBody", () => {
  it("follows the engine's mounts below the engine's own files, as Docker wants, and nowhere else", async ({ expect }) => {
    const below = await containerBody(
      { ...SPEC, mounts: ["/lib/docker/volumes/v/_data/x", "/lib/docker2/x", "/w"].map((source) => ({ kind: "bind", source, target: source, readonly: true })) },
      dockerDialect("/lib/docker"),
    );
    expect(below.HostConfig?.Mounts?.map(({ BindOptions }) => BindOptions?.Propagation)).toEqual(["rslave", "rprivate", "rprivate"]);
  });

  it("says everything that an engine would choose by itself", async ({ expect }) => {
    expect(await containerBody(SPEC, dockerDialect(undefined))).toEqual({
      name: "sbx-x",
      Image: "sha256:abc",
      Entrypoint: ["/.sbx/hold", "init"],
      Cmd: [],
      Env: ["A=1=2"],
      Labels: { "dev.sbx.role": "workload" },
      User: "1000:1000",
      WorkingDir: "/w",
      StopSignal: "SIGTERM",
      Healthcheck: { Test: ["NONE"] },
      Tty: false,
      OpenStdin: false,
      AttachStdin: false,
      AttachStdout: false,
      AttachStderr: false,
      HostConfig: {
        NetworkMode: "container:gate",
        PidsLimit: 10,
        Memory: 1000,
        MemorySwap: 1000,
        NanoCpus: 1_500_000_000,
        Privileged: false,
        CapDrop: ["ALL"],
        CapAdd: [],
        SecurityOpt: ["no-new-privileges:true", 'seccomp={"defaultAction":"SCMP_ACT_ERRNO"}'],
        ReadonlyRootfs: true,
        IpcMode: "private",
        Init: false,
        AutoRemove: false,
        RestartPolicy: { Name: "" },
        PublishAllPorts: false,
        LogConfig: { Type: "local", Config: { "max-size": "1m", "max-file": "1", compress: "false" } },
        Mounts: [
          { Type: "bind", Source: "/w", Target: "/w", ReadOnly: false, BindOptions: { Propagation: "rprivate" } },
          { Type: "volume", Source: "home", Target: "/home/agent" },
          { Type: "volume", Source: "data", Target: "/data", VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "", Options: {} } } },
        ],
        Tmpfs: { "/run/sbx": "rw,exec,nosuid,nodev,size=1024,mode=700,uid=1000,gid=1001" },
      },
    });
  });

  it("gives a host name and name servers only to a network of its own, and leaves unset limits out", async ({ expect }) => {
    const body = await containerBody(
      {
        ...SPEC,
        limits: { pids: 5 },
        seccomp: "default",
        network: { kind: "none", hostname: "h", sysctls: { a: "1" }, dns: ["127.0.0.53"], dnsSearch: ["."], dnsOptions: ["ndots:1"], extraHosts: ["h:127.0.0.1"] },
      },
      PODMAN,
    );
    expect(body.Hostname).toBe("h");
    expect(body.HostConfig).toMatchObject({
      NetworkMode: "none",
      Sysctls: { a: "1" },
      Dns: ["127.0.0.53"],
      DnsSearch: ["."],
      DnsOptions: ["ndots:1"],
      ExtraHosts: ["h:127.0.0.1"],
      SecurityOpt: ["no-new-privileges:true"],
      LogConfig: { Type: "none", Config: {} },
    });
    expect(body.HostConfig).not.toHaveProperty("Memory");
    expect(body.HostConfig).not.toHaveProperty("NanoCpus");
    expect(body.HostConfig).not.toHaveProperty("StorageOpt");
    const bounded = await containerBody({ ...SPEC, limits: { pids: 10, diskBytes: 1 << 30 } }, dockerDialect(undefined));
    expect(bounded.HostConfig?.StorageOpt).toEqual({ size: "1073741824" });
  });

  it("says the same to Podman in its words: the other's host name, a profile by its path, memory of the user's, limits that it would raise", async ({ expect }) => {
    const { HostConfig } = await containerBody(SPEC, PODMAN);
    expect(HostConfig).toMatchObject({
      NetworkMode: "container:gate",
      UTSMode: "container:gate",
      SecurityOpt: ["no-new-privileges:true", "seccomp=/state/seccomp.json"],
      Tmpfs: { "/run/sbx": "rw,exec,nosuid,nodev,size=1024,mode=700,notmpcopyup,U" },
      Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 1024 }],
    });
  });
});
