/** Random numbers of a seed, so that a run can be repeated (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Body = Record<string, unknown>;

/** Values by field of HostConfig: some that clients send, some that get out, some of the wrong kind. */
const HOST_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  AutoRemove: [true, false, 1],
  Binds: [[], ["v1:/data"], ["WORKSPACE:/w"], ["WORKSPACE:/w:ro"], ["/:/host"], ["/var/run/docker.sock:/s"], ["WORKSPACE/../..:/x"], ["v1:/proc"], ["v1:/a", "v2:/a/b"], ["v1:/x:rshared"], ["v-%:/x"]],
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
  IpcMode: ["", "private", "host", "shareable", "container:x"],
  LogConfig: [{ Type: "", Config: {} }, { Type: "json-file" }, { Type: "syslog" }, { Type: "local", Config: { "max-size": "1g" } }],
  MaskedPaths: [null, null, [], ["/proc/kcore"]],
  Memory: [0, 64 << 20, 2 ** 33, 2 ** 45, -1, 1.5, "64m"],
  MemorySwap: [0, -1, 2 ** 34],
  Mounts: [
    [],
    [{ Type: "volume", Source: "v3", Target: "/m" }],
    [{ Type: "volume", Target: "/m", ReadOnly: true }],
    [{ Type: "tmpfs", Target: "/m", TmpfsOptions: { SizeBytes: 2 ** 39, Mode: 0o1777 } }],
    [{ Type: "bind", Source: "WORKSPACE", Target: "/m", ReadOnly: true }],
    [{ Type: "bind", Source: "/etc", Target: "/m" }],
    [{ Type: "volume", Target: "/m", VolumeOptions: { DriverConfig: { Options: { device: "/", o: "bind", type: "none" } } } }],
    [{ Type: "bind", Source: "WORKSPACE", Target: "/m", BindOptions: { Propagation: "rshared" } }],
  ],
  NanoCpus: [0, 1e9, 64e9, -1],
  NetworkMode: ["", "default", "bridge", "none", "host", "container:x", "nosuch"],
  OomKillDisable: [false, true, null],
  OomScoreAdj: [0, null, -1000],
  PidMode: ["", null, "host", "container:x"],
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
  VolumesFrom: [null, [], ["x"]],
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

/** Ways to make a name or a value into another that a careless reader takes for the same. */
const TWISTS: readonly ((name: string) => string)[] = [
  (name) => name.toLowerCase(),
  (name) => name.replaceAll("s", "\u017F"),
  (name) => name.replaceAll("k", "\u212A"),
  (name) => `${name}\u0000`,
  (name) => ` ${name}`,
  (name) => `__proto__${name}`,
];

/** One body of a create request, as JSON: mostly of plausible parts, sometimes twisted. */
export function createBody(random: () => number, base: Body): string {
  const pick = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(random() * list.length)];
    if (found === undefined) throw new Error("an empty list");
    return found;
  };
  const some = (values: Readonly<Record<string, readonly unknown[]>>, most: number): Body => {
    const names = Object.keys(values);
    const chosen = Array.from({ length: Math.floor(random() * most) }, () => pick(names));
    return Object.fromEntries(
      chosen.map((name) => {
        const list = values[name] ?? [];
        // The first two values are harmless ones: without them hardly a body would be let pass.
        const value = random() < 0.85 ? (list[Math.floor(random() * Math.min(2, list.length))] ?? null) : (list[Math.floor(random() * list.length)] ?? null);
        return [random() < 0.02 ? pick(TWISTS)(name) : name, value];
      }),
    );
  };
  const body: Body = { ...base, ...some(CONFIG_VALUES, 5), HostConfig: some(HOST_VALUES, 7) };
  if (random() < 0.03) Object.assign(body, some(HOST_VALUES, 3));
  const text = JSON.stringify(body);
  // Rarely the text itself is broken, or says something twice.
  if (random() < 0.02) return text.replace('"HostConfig":{', '"HostConfig":{"Privileged":true,"Privileged":false,');
  if (random() < 0.02) return `${text}${text}`;
  return text;
}
