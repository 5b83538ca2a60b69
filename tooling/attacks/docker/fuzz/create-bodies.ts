import type { FuzzCase } from "./fuzz-case.ts";
import type { Random } from "@sbx/testing/random";

/** Values by field of HostConfig: some that clients send, some that get out, some of the wrong kind. */
const HOST_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  AutoRemove: [true, false, 1],
  Binds: [
    [],
    ["v1:/data"],
    ["{{workspace}}:/w"],
    ["{{workspace}}:/w:ro"],
    ["/:/host"],
    ["/var/run/docker.sock:/s"],
    ["{{workspace}}/../..:/x"],
    ["v1:/proc"],
    ["v1:/a", "v2:/a/b"],
    ["v1:/x:rshared"],
    ["v-%:/x"],
    ["{{victimvolume}}:/x"],
    ["{{othervolume}}:/x"],
    ["{{workspace}}/.git:/x"],
    ["{{workspace}}:/w", "v1:/w/.git/hooks"],
  ],
  CapAdd: [null, [], ["CHOWN"], ["CAP_SETUID"], ["SYS_ADMIN"], ["ALL"], ["cap_net_raw"], [""]],
  CapDrop: [null, ["ALL"], ["CHOWN"], ["cap_setuid"], ["all"]],
  CgroupParent: ["", null, "/x", "../.."],
  CgroupnsMode: ["", "private", "host"],
  CpuShares: [0, 512, 1024, 262_144, -1],
  DeviceCgroupRules: [null, [], ["a *:* rwm"]],
  DeviceRequests: [null, [], [{ Count: -1 }]],
  Devices: [null, [], [{ PathOnHost: "/dev/mem", PathInContainer: "/dev/mem", CgroupPermissions: "rwm" }]],
  Dns: [[], null, ["1.1.1.1"]],
  ExtraHosts: [null, ["host.docker.internal:host-gateway"], ["a:1.2.3.4"]],
  GroupAdd: [null, ["0"], ["docker"], ["1000", "2"]],
  Init: [true, false, null],
  IpcMode: ["", "private", "host", "shareable", "container:{{victim}}", "container:{{child}}"],
  LogConfig: [{ Type: "", Config: {} }, { Type: "json-file" }, { Type: "syslog" }, { Type: "local", Config: { "max-size": "1g" } }],
  MaskedPaths: [null, null, [], ["/proc/kcore"]],
  Memory: [0, 64 << 20, 2 ** 33, 2 ** 45, -1, 1.5, "64m"],
  MemorySwap: [0, -1, 2 ** 34],
  Mounts: [
    [],
    [{ Type: "volume", Source: "v3", Target: "/m" }],
    [{ Type: "volume", Target: "/m", ReadOnly: true }],
    [{ Type: "tmpfs", Target: "/m", TmpfsOptions: { SizeBytes: 2 ** 39, Mode: 0o1777 } }],
    [{ Type: "bind", Source: "{{workspace}}", Target: "/m", ReadOnly: true }],
    [{ Type: "bind", Source: "/etc", Target: "/m" }],
    [{ Type: "volume", Target: "/m", VolumeOptions: { DriverConfig: { Options: { device: "/", o: "bind", type: "none" } } } }],
    [{ Type: "bind", Source: "{{workspace}}", Target: "/m", BindOptions: { Propagation: "rshared" } }],
  ],
  NanoCpus: [0, 1e9, 64e9, -1],
  NetworkMode: ["", "default", "bridge", "none", "host", "container:{{victim}}", "container:{{gate}}", "container:{{child}}", "{{network}}", "{{othernetwork}}", "nosuch"],
  OomKillDisable: [false, true, null],
  OomScoreAdj: [0, null, -1000],
  PidMode: ["", null, "host", "container:{{victim}}", "container:{{child}}"],
  PidsLimit: [0, -1, 100, 1_000_000, null],
  PortBindings: [{}, { "80/tcp": [{ HostIp: "", HostPort: "" }] }, { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "0" }] }, { "80/udp": null }],
  Privileged: [false, null, true, 0, 1, "true"],
  ReadonlyPaths: [null, null, []],
  ReadonlyRootfs: [false, true],
  RestartPolicy: [{ Name: "no", MaximumRetryCount: 0 }, { Name: "" }, { Name: "always" }, { Name: "on-failure", MaximumRetryCount: 3 }],
  Runtime: ["", null, "runc", "kata"],
  SecurityOpt: [null, [], ["no-new-privileges"], ["seccomp=unconfined"], ["no-new-privileges:false"], ["apparmor=unconfined"]],
  ShmSize: [0, 64 << 20, 2 ** 40],
  Sysctls: [null, {}, { "kernel.msgmax": "1" }],
  Tmpfs: [{}, { "/t": "" }, { "/t": "size=64m,mode=1777" }, { "/t": "suid,dev,exec,size=999g" }, { "/proc": "" }, { "/t": "mpol=x" }],
  UTSMode: ["", null, "host"],
  Ulimits: [[], [{ Name: "nofile", Soft: 1024, Hard: 4096 }], [{ Name: "core", Soft: 1000, Hard: 1000 }], [{ Name: "nproc", Soft: 1, Hard: 1 }], [{ Name: "rtprio", Soft: 99, Hard: 99 }]],
  UsernsMode: ["", null, "host"],
  VolumeDriver: ["", "local", "nfs"],
  VolumesFrom: [null, [], ["{{victim}}"], ["{{child}}:ro"]],
};

const CONFIG_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  Cmd: [["sleep", "1"], "true", null, [], [1]],
  Entrypoint: [null, ["/bin/sh"], "/bin/sh", [""]],
  Env: [null, ["A=b"], ["LD_PRELOAD=/x"], ["=x"], ["A"], ["A=\u0000"]],
  ExposedPorts: [{ "80/tcp": {} }, {}, { "x/tcp": {} }],
  Healthcheck: [null, { Test: ["NONE"] }, { Test: ["CMD", "true"], Interval: 1e9 }, { Test: ["CMD", "true"], Interval: 1 }, {}],
  Hostname: ["", "box", "-x", "a.b"],
  Labels: [{}, { a: "b" }, { "dev.sbx.sandbox": "sbx_other000" }, { "Dev.Sbx.role": "gate" }],
  NetworkingConfig: [null, {}, { EndpointsConfig: { bridge: {} } }, { EndpointsConfig: { nosuch: {} } }, { EndpointsConfig: { bridge: { IPAMConfig: { IPv4Address: "10.0.0.1" } } } }],
  OpenStdin: [true, false],
  StopSignal: ["", "SIGTERM", "9", "x y"],
  Tty: [true, false],
  User: ["", "root", "1000:1000", "../x", "0:0"],
  Volumes: [null, { "/anon": {} }, { "/": {} }, { "/proc/x": {} }],
  WorkingDir: ["", "/tmp", "x", "/../x"],
};

const TARGETS = ["/v1.41/containers/create", "/v1.41/containers/create", "/containers/create", "/v1.41/containers/create?name={{name}}", "/v1.41/containers/create?platform=linux"];

/** A request for a container, mostly of plausible parts. */
export function createCase(random: Random): FuzzCase {
  const body = {
    Image: random.chance(0.95) ? "{{image}}" : random.pick(["{{victimimage}}", "debian", "", "sha256:{{imageid}}"]),
    // Without a command the engine takes none of it.
    ...(random.chance(0.95) ? { Cmd: ["sleep", "1"] } : {}),
    ...random.some(CONFIG_VALUES, 5),
    HostConfig: random.some(HOST_VALUES, 7),
  };
  if (random.chance(0.03)) Object.assign(body, random.some(HOST_VALUES, 3));
  return { kind: "create", method: "POST", target: random.pick(TARGETS), body: JSON.stringify(body), form: "plain" };
}
