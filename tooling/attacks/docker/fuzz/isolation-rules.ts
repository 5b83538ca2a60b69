/** What the engine says of a container, as far as isolation goes. */
interface Inspected {
  readonly Mounts?: readonly MountPoint[];
  readonly NetworkSettings?: { readonly Ports?: unknown; readonly Networks?: Readonly<Record<string, unknown>> };
  readonly Config: { readonly Labels: Readonly<Record<string, string>>; readonly Healthcheck?: { readonly Interval?: number } };
  readonly HostConfig: Readonly<Record<string, unknown>> & { readonly Mounts?: readonly EngineMount[]; readonly Tmpfs?: Readonly<Record<string, string>> };
}

interface EngineMount {
  readonly Type: string;
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: { readonly Propagation?: string };
  readonly VolumeOptions?: { readonly DriverConfig?: unknown; readonly Labels?: unknown };
}

interface MountPoint {
  readonly Type: string;
  readonly Name?: string;
  readonly Source?: string;
}

/** What is a sandbox's, and the most that one of its containers gets. */
export interface Bounds {
  readonly gates: readonly string[];
  readonly workspace: string;
  readonly sandbox: string;
  readonly memoryBytes: number;
  readonly nanoCpus: number;
}

const CAPABILITIES = new Set(["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]);
const nothing = (value: unknown) => value === null || value === undefined || value === "" || value === 0 || value === false || (typeof value === "object" && Object.keys(value).length === 0);
/** Fields that have to be as nothing, whatever was asked for. */
const NOTHING = [
  "Binds",
  "Privileged",
  "PidMode",
  "UTSMode",
  "UsernsMode",
  "CgroupParent",
  "Devices",
  "DeviceCgroupRules",
  "DeviceRequests",
  "Sysctls",
  "VolumesFrom",
  "Links",
  "Dns",
  "DnsOptions",
  "DnsSearch",
  "ExtraHosts",
  "PortBindings",
  "PublishAllPorts",
  "VolumeDriver",
  "ContainerIDFile",
  "OomScoreAdj",
  "OomKillDisable",
  "BlkioWeight",
  "CpuRealtimeRuntime",
  "CpuRealtimePeriod",
  "CpusetCpus",
  "StorageOpt",
  "Annotations",
  "Cgroup",
];

interface Judged {
  readonly host: Inspected["HostConfig"];
  readonly config: Inspected["Config"];
  readonly bounds: Bounds;
  readonly binds: readonly EngineMount[];
  readonly options: readonly string[];
  readonly points: readonly MountPoint[];
  readonly network: Inspected["NetworkSettings"];
  /** A container that does one step of a build. */
  readonly step: boolean;
}

/** What has to hold of every child. */
const RULES: readonly (readonly [name: string, holds: (judged: Judged) => boolean])[] = [
  ["NetworkMode", ({ host, bounds, step }) => bounds.gates.some((gate) => host["NetworkMode"] === `container:${gate}`) || (step && host["NetworkMode"] === "none")],
  ["networks", ({ network }) => Object.keys(network?.Networks ?? {}).every((name) => name === "none") && nothing(network?.Ports)],
  ["mount points", ({ points, bounds, step }) => points.every((point) => pointHolds(point, bounds, step))],
  ["IpcMode", ({ host }) => host["IpcMode"] === "private"],
  ["CgroupnsMode", ({ host }) => host["CgroupnsMode"] === "host" || host["CgroupnsMode"] === "private"],
  ["Runtime", ({ host }) => host["Runtime"] === "runc"],
  ["RestartPolicy", ({ host }) => JSON.stringify(host["RestartPolicy"]).startsWith('{"Name":"no"')],
  ["LogConfig", ({ host }) => JSON.stringify(host["LogConfig"]).includes('"Type":"json-file"') && JSON.stringify(host["LogConfig"]).includes('"max-size":"10m"')],
  ["CapDrop", ({ host }) => JSON.stringify(host["CapDrop"]) === '["ALL"]'],
  ["CapAdd", ({ host }) => listOf(host["CapAdd"]).every((name) => CAPABILITIES.has(String(name)))],
  ["SecurityOpt", ({ options }) => options[0] === "no-new-privileges:true" && options.slice(1).every((one) => one.startsWith('seccomp={"defaultAction":"SCMP_ACT_ERRNO"'))],
  ["MaskedPaths", ({ host }) => listOf(host["MaskedPaths"]).includes("/proc/kcore")],
  ["ReadonlyPaths", ({ host }) => listOf(host["ReadonlyPaths"]).includes("/proc/sys")],
  ["Memory", ({ host, bounds }) => within(host["Memory"], bounds.memoryBytes) && host["MemorySwap"] === host["Memory"]],
  ["NanoCpus", ({ host, bounds }) => within(host["NanoCpus"], bounds.nanoCpus)],
  ["PidsLimit", ({ host }) => within(host["PidsLimit"], 2048)],
  ["CpuShares", ({ host }) => Number(host["CpuShares"]) <= 1024],
  ["ShmSize", ({ host }) => within(host["ShmSize"], 2 ** 30)],
  ["Ulimits", ({ host }) => listOf(host["Ulimits"]).every((one) => JSON.stringify(one).includes('"Name":"nofile"') || JSON.stringify(one) === '{"Name":"core","Hard":0,"Soft":0}')],
  ["Healthcheck", ({ config: { Healthcheck } }) => (Healthcheck?.Interval ?? 0) === 0 || (Healthcheck?.Interval ?? 0) >= 5e8],
  [
    "Labels",
    ({ config: { Labels }, bounds }) =>
      Labels["dev.sbx.sandbox"] === bounds.sandbox && ["child", "child-build"].includes(Labels["dev.sbx.role"] ?? "") && Object.keys(Labels).every((name) => name.startsWith("dev.sbx.")),
  ],
  ["Mounts", ({ host, bounds }) => (host.Mounts ?? []).every((mount) => mountHolds(mount, bounds))],
  [
    "protected paths",
    ({ binds, bounds }) => binds.every(({ Source, Target }) => Source !== bounds.workspace || binds.some((other) => other.Target === `${Target}/.git/hooks` && other.ReadOnly === true)),
  ],
  ["seccomp over the workspace", ({ binds, options }) => binds.length === 0 || options.length === 2],
  [
    "Tmpfs",
    ({ host, bounds }) =>
      Object.entries(host.Tmpfs ?? {}).every(
        ([target, words]) => !isEngines(target) && /^r[wo],nosuid,nodev,(?:no)?exec,size=\d+/.test(words) && within(Number(/size=(\d+)/.exec(words)?.[1]), bounds.memoryBytes),
      ),
  ],
];

/**
 * Everything in which a child that the engine has differs from what a child may be. Written from the engine's side,
 * knowing nothing of how the guard decides.
 */
export function containerFaults(inspected: unknown, bounds: Bounds): readonly string[] {
  const { Config, HostConfig: host, Mounts: points = [], NetworkSettings: network } = inspected as Inspected;
  const judged = {
    host,
    config: Config,
    bounds,
    binds: (host.Mounts ?? []).filter(({ Type }) => Type === "bind"),
    options: listOf(host["SecurityOpt"]).map(String),
    points,
    network,
    step: Config.Labels["dev.sbx.role"] === "child-build",
  };
  return [...NOTHING.filter((name) => !nothing(host[name])), ...RULES.filter(([, holds]) => !holds(judged)).map(([name]) => name)];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function within(value: unknown, most: number): boolean {
  return typeof value === "number" && value > 0 && value <= most;
}

function isEngines(target: string): boolean {
  return target === "/" || /^\/(?:proc|sys|dev)(?:\/|$)/.test(target);
}

function mountHolds({ Type, Source = "", Target, BindOptions, VolumeOptions }: EngineMount, { workspace, sandbox }: Bounds): boolean {
  if (isEngines(Target)) return false;
  if (Type === "bind") return [workspace, `${workspace}/.git/hooks`].includes(Source) && BindOptions?.Propagation === "rprivate";
  return Type === "volume" && Source.startsWith(`sbx-${sandbox.slice(4)}.v.`) && nothing(VolumeOptions?.DriverConfig) && nothing(VolumeOptions?.Labels);
}

/** The engine itself makes volumes without a name for what an image of a build's step says. */
function pointHolds({ Type, Name = "", Source = "" }: MountPoint, { workspace, sandbox }: Bounds, step: boolean): boolean {
  if (Type === "bind") return [workspace, `${workspace}/.git/hooks`].includes(Source);
  return Type === "tmpfs" || (Type === "volume" && (Name.startsWith(`sbx-${sandbox.slice(4)}.v.`) || (step && /^[0-9a-f]{64}$/.test(Name))));
}

/** In what a volume differs from what one of a sandbox may be: a plain directory of the engine's own. */
export function volumeFaults(inspected: unknown, { sandbox }: Pick<Bounds, "sandbox">): readonly string[] {
  const { Name, Driver, Options, Labels, Mountpoint, Scope } = inspected as {
    readonly Name: string;
    readonly Driver: string;
    readonly Options: unknown;
    readonly Labels: Readonly<Record<string, string>> | null;
    readonly Mountpoint: string;
    readonly Scope: string;
  };
  const rules: readonly (readonly [string, boolean])[] = [
    ["Name", Name.startsWith(`sbx-${sandbox.slice(4)}.`)],
    ["Driver", Driver === "local" && Scope === "local"],
    ["Options", nothing(Options)],
    ["Labels", Labels?.["dev.sbx.sandbox"] === sandbox && Object.keys(Labels).every((name) => name.startsWith("dev.sbx."))],
    ["Mountpoint", Mountpoint.endsWith(`/volumes/${Name}/_data`)],
  ];
  return rules.filter(([, holds]) => !holds).map(([name]) => `${name} of a volume`);
}

/** In what a further process differs from what one may be. */
export function execFaults(inspected: unknown, { container }: { readonly container: string }): readonly string[] {
  const { ContainerID, ProcessConfig } = inspected as { readonly ContainerID: string; readonly ProcessConfig: { readonly privileged?: boolean } };
  return [...(ContainerID === container ? [] : ["ContainerID of a process"]), ...(nothing(ProcessConfig.privileged) ? [] : ["privilege of a process"])];
}

/** In what an image differs from what a sandbox may leave in the engine: names of others, labels of ours. */
export function imageFaults(inspected: unknown, { repository, lent }: { readonly repository: string; readonly lent: boolean }): readonly string[] {
  const { RepoTags, Config } = inspected as { readonly RepoTags: readonly string[] | null; readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null } | null };
  const foreign = lent ? [] : (RepoTags ?? []).filter((tag) => !tag.startsWith(`${repository}:`));
  const ours = Object.keys(Config?.Labels ?? {}).filter((name) => name.toLowerCase().startsWith("dev.sbx."));
  return [...foreign.map((tag) => `the name ${tag} of an image`), ...ours.map((name) => `the label ${name} of an image`)];
}
