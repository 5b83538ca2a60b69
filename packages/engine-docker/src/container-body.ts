import { bindPropagation, type ContainerSpec, type Mount } from "@sbx/core";
import type { ContainerCreateOptions, HostConfig, MountSettings } from "dockerode";
import type { Dialect } from "./dialect.ts";

/**
 * Write the engine's create request.
 *
 * Everything that the engine would otherwise choose is said: no new privileges, no capability that the spec does not
 * name, no init of the engine's, no restart, no healthcheck, a bounded log, no swap beyond the memory limit.
 */
export async function containerBody(spec: ContainerSpec, dialect: Dialect): Promise<ContainerCreateOptions> {
  const { network } = spec;
  const seccomp = spec.seccomp === "default" ? undefined : await dialect.seccomp(spec.seccomp);
  return {
    name: spec.name,
    Image: spec.image,
    Entrypoint: [...spec.command],
    Cmd: [],
    Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
    Labels: { ...spec.labels },
    User: spec.user,
    WorkingDir: spec.workdir,
    StopSignal: "SIGTERM",
    Healthcheck: { Test: ["NONE"] },
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(network.kind === "none" ? { Hostname: network.hostname } : {}),
    HostConfig: hostConfig(spec, dialect, seccomp),
  };
}

function hostConfig(spec: ContainerSpec, dialect: Dialect, seccomp: string | undefined): HostConfig {
  return {
    ...networkConfig(spec.network, dialect),
    ...limitConfig(spec.limits),
    Privileged: false,
    CapDrop: ["ALL"],
    CapAdd: [...spec.capabilities],
    SecurityOpt: ["no-new-privileges:true", ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`])],
    ReadonlyRootfs: spec.readonlyRoot,
    IpcMode: "private",
    Init: false,
    AutoRemove: false,
    RestartPolicy: { Name: "" },
    PublishAllPorts: false,
    LogConfig: dialect.logDriver === "none" ? { Type: "none", Config: {} } : { Type: "local", Config: { "max-size": "1m", "max-file": "1", compress: "false" } },
    ...(dialect.ulimits.length === 0 ? {} : { Ulimits: [...dialect.ulimits] }),
    Mounts: spec.mounts.flatMap((mount) => mountSettings(mount, dialect)),
    Tmpfs: Object.fromEntries(spec.mounts.flatMap((mount) => (mount.kind === "tmpfs" ? [[mount.target, tmpfsOptions(mount, dialect)] as const] : []))),
  };
}

function networkConfig(network: ContainerSpec["network"], { joinsHostName }: Dialect): HostConfig {
  if (network.kind === "join") return { NetworkMode: `container:${network.container}`, ...(joinsHostName ? { UTSMode: `container:${network.container}` } : {}) };
  return {
    NetworkMode: "none",
    Sysctls: { ...network.sysctls },
    Dns: [...network.dns],
    DnsSearch: [...network.dnsSearch],
    DnsOptions: [...network.dnsOptions],
    ExtraHosts: [...network.extraHosts],
  };
}

function limitConfig({ pids, memoryBytes, cpus, diskBytes }: ContainerSpec["limits"]): HostConfig {
  return {
    PidsLimit: pids,
    ...(memoryBytes === undefined ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    ...(diskBytes === undefined ? {} : { StorageOpt: { size: String(diskBytes) } }),
  };
}

/** Without `CreateMountpoint` a bind whose source is missing is refused, not made by the engine as root. */
function mountSettings(mount: Mount, { dataRoot }: Dialect): MountSettings[] {
  switch (mount.kind) {
    case "bind":
      return [
        {
          Type: "bind",
          Source: mount.source,
          Target: mount.target,
          ReadOnly: mount.readonly,
          BindOptions: { Propagation: bindPropagation(mount.source, dataRoot) },
        },
      ];
    case "volume":
      return [
        {
          Type: "volume",
          Source: mount.source,
          Target: mount.target,
          ...(mount.readonly === true ? { ReadOnly: true } : {}),
          ...(mount.readonly === true || mount.staysEmpty === true ? { VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "", Options: {} } } } : {}),
        },
      ];
    case "tmpfs":
      return [];
  }
}

/** `exec` is said because the engine's own default is noexec, which breaks compilers and package managers in /tmp. */
function tmpfsOptions({ sizeBytes, mode, uid, gid }: Extract<Mount, { kind: "tmpfs" }>, { tmpfsOwner }: Dialect): string {
  const owner =
    tmpfsOwner === "user" ? ["notmpcopyup", ...(uid === undefined ? [] : ["U"])] : [...(uid === undefined ? [] : [`uid=${String(uid)}`]), ...(gid === undefined ? [] : [`gid=${String(gid)}`])];
  return ["rw", "exec", "nosuid", "nodev", `size=${String(sizeBytes)}`, `mode=${mode.toString(8)}`, ...owner].join(",");
}
