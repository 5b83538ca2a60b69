import type { ContainerFacts, ContainerSummary } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import { gatewayOf, PREFIX_LENGTH } from "../owned/addresses.ts";
import type { Endpoint, OwnedContainer } from "../owned/container-record.ts";
import type { ContainerCreate } from "../routes/schema/container-config.ts";
import { BRIDGE, type OwnedNetwork } from "../owned/owned-networks.ts";
import { endpointId } from "./object-answers.ts";

/** As many digits of an id as clients show. */
const SHORT_ID = 12;

/** What inspect and lists say of networks: the record's, because to the engine a child has none. */
function networksOf({ networks }: Pick<Guard, "networks">, { id, endpoints }: OwnedContainer): Readonly<Record<string, unknown>> {
  const joined = endpoints.flatMap((endpoint) => {
    const network = networks.withId(endpoint.network);
    return network === undefined ? [] : [[network.name, endpointAnswer(id, network, endpoint)] as const];
  });
  return joined.length === 0 ? { none: NO_NETWORK } : Object.fromEntries(joined);
}

const NO_NETWORK = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  MacAddress: "",
  DriverOpts: null,
};

/** In a network of its own a container is known by the beginning of its id too: clients look whether that is so. */
function endpointAnswer(container: string, { id, name, subnet }: OwnedNetwork, { address, aliases }: Endpoint): unknown {
  const known = name === BRIDGE ? null : [...new Set([...aliases, container.slice(0, SHORT_ID)])];
  return { ...NO_NETWORK, Aliases: known, NetworkID: id, EndpointID: endpointId(container, id), Gateway: gatewayOf(subnet), IPAddress: address, IPPrefixLen: PREFIX_LENGTH };
}

function mountsOf({ record }: OwnedContainer): readonly unknown[] {
  return record.mounts.map(({ type, source, target, readonly }) => ({
    Type: type,
    ...(type === "volume" ? { Name: source, Source: `/var/lib/docker/volumes/${source}/_data`, Driver: "local" } : { Source: source }),
    Destination: target,
    Mode: "",
    RW: !readonly,
    Propagation: type === "bind" ? "rprivate" : "",
  }));
}

/** `docker ps`. */
export function summaryAnswer(guard: Guard, container: OwnedContainer, facts: ContainerSummary): Readonly<Record<string, unknown>> {
  const { id, name, asked, record, published } = container;
  const exposed = Object.keys(asked.ExposedPorts ?? {}).map((key) => ({ PrivatePort: Number.parseInt(key, 10), Type: key.split("/")[1] ?? "tcp" }));
  const open = facts.State === "running" || facts.State === "paused" ? published : [];
  return {
    Id: id,
    Names: [`/${name}`],
    Image: asked.Image,
    ImageID: record.imageId,
    Command: facts.Command,
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: [
      ...open.map(({ containerPort, hostPort }) => ({ IP: "127.0.0.1", PrivatePort: containerPort, PublicPort: hostPort, Type: "tcp" })),
      ...exposed.filter(({ PrivatePort, Type }) => Type !== "tcp" || open.every(({ containerPort }) => containerPort !== PrivatePort)),
    ],
    ...(facts.SizeRw === undefined ? {} : { SizeRw: facts.SizeRw }),
    ...(facts.SizeRootFs === undefined ? {} : { SizeRootFs: facts.SizeRootFs }),
    Labels: asked.Labels ?? {},
    State: facts.State,
    Status: facts.Status,
    HostConfig: { NetworkMode: modeOf(container) },
    NetworkSettings: { Networks: networksOf(guard, container) },
    Mounts: mountsOf(container),
  };
}

function modeOf({ asked }: OwnedContainer): string {
  const mode = asked.HostConfig?.NetworkMode ?? "";
  return mode === "" ? "default" : mode;
}

/** `docker inspect`. */
export function inspectAnswer(guard: Guard, container: OwnedContainer, facts: ContainerFacts): Readonly<Record<string, unknown>> {
  const { id, name, record } = container;
  const { Config } = facts;
  const [path = "", ...args] = [...(Config.Entrypoint ?? []), ...(Config.Cmd ?? [])];
  const size = { ...(facts.SizeRw === undefined ? {} : { SizeRw: facts.SizeRw }), ...(facts.SizeRootFs === undefined ? {} : { SizeRootFs: facts.SizeRootFs }) };
  return {
    Id: id,
    Created: record.created,
    Path: path,
    Args: args,
    State: stateOf(facts),
    Image: record.imageId,
    ResolvConfPath: "",
    HostnamePath: "",
    HostsPath: "",
    LogPath: "",
    Name: `/${name}`,
    RestartCount: 0,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: guard.execs.of(id).map((exec) => exec.id),
    HostConfig: hostConfigOf(container, facts),
    GraphDriver: { Name: "overlay2", Data: null },
    ...size,
    Mounts: mountsOf(container),
    Config: configOf(container, facts),
    NetworkSettings: networkSettings(guard, container, facts),
  };
}

function stateOf({ State: state }: ContainerFacts): unknown {
  const { Status, Running, Paused, Restarting, OOMKilled, Dead, ExitCode, StartedAt, FinishedAt, Health } = state;
  const health =
    Health === null || Health === undefined
      ? {}
      : { Health: { Status: Health.Status, FailingStreak: Health.FailingStreak, Log: (Health.Log ?? []).map(({ Start, End, ExitCode, Output }) => ({ Start, End, ExitCode, Output })) } };
  // A pid of the host is nothing to a sandbox; clients look whether it is 0.
  return { Status, Running, Paused, Restarting, OOMKilled, Dead, Pid: Running ? 1 : 0, ExitCode, Error: "", StartedAt, FinishedAt, ...health };
}

function configOf({ asked, record }: OwnedContainer, { Config }: ContainerFacts): unknown {
  return {
    Hostname: record.hostname,
    Domainname: "",
    User: Config.User,
    AttachStdin: asked.AttachStdin === true,
    AttachStdout: asked.AttachStdout === true,
    AttachStderr: asked.AttachStderr === true,
    ExposedPorts: Object.fromEntries([...new Set([...Object.keys(asked.ExposedPorts ?? {}), ...Object.keys(Config.ExposedPorts ?? {})])].map((port) => [port, {}])),
    Tty: asked.Tty === true,
    OpenStdin: asked.OpenStdin === true,
    StdinOnce: asked.StdinOnce === true,
    Env: Config.Env ?? [],
    Cmd: Config.Cmd ?? null,
    Image: asked.Image,
    Volumes: asked.Volumes ?? null,
    WorkingDir: Config.WorkingDir,
    Entrypoint: Config.Entrypoint ?? null,
    OnBuild: null,
    Labels: asked.Labels ?? {},
    ...(Config.StopSignal === undefined ? {} : { StopSignal: Config.StopSignal }),
    ...(asked.StopTimeout === undefined ? {} : { StopTimeout: asked.StopTimeout }),
    ...(asked.Healthcheck === undefined ? {} : { Healthcheck: asked.Healthcheck }),
  };
}

/** What it is held to, which an update may have changed. */
function sizesAnswer({ Memory, NanoCpus, CpuShares, PidsLimit }: NonNullable<ContainerFacts["HostConfig"]> = { Memory: 0, NanoCpus: 0, CpuShares: 0 }): Readonly<Record<string, number>> {
  return { Memory, NanoCpus, CpuShares, PidsLimit: PidsLimit ?? 0 };
}

/** What was asked for and changes nothing else that is told. */
function saidAgain({ PublishAllPorts, GroupAdd, Ulimits, MemoryReservation, MemorySwap }: NonNullable<ContainerCreate["HostConfig"]>): Readonly<Record<string, unknown>> {
  return { PublishAllPorts: PublishAllPorts === true, GroupAdd: GroupAdd ?? null, Ulimits: Ulimits ?? null, MemoryReservation: MemoryReservation ?? 0, MemorySwap: MemorySwap ?? 0 };
}

function hostConfigOf(container: OwnedContainer, { HostConfig: held }: ContainerFacts): unknown {
  const { record, asked } = container;
  const { HostConfig = {} } = asked;
  return {
    Binds: (HostConfig.Binds ?? []).map(({ source, target, readonly }) => `${source}:${target}:${readonly ? "ro" : "rw"}`),
    ContainerIDFile: "",
    LogConfig: { Type: "json-file", Config: {} },
    NetworkMode: modeOf(container),
    PortBindings: Object.fromEntries(record.ports.map(({ containerPort, hostPort }) => [`${containerPort}/tcp`, [{ HostIp: "", HostPort: hostPort === 0 ? "" : String(hostPort) }]])),
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    AutoRemove: HostConfig.AutoRemove === true,
    CapAdd: HostConfig.CapAdd ?? null,
    CapDrop: HostConfig.CapDrop ?? null,
    Privileged: false,
    ReadonlyRootfs: HostConfig.ReadonlyRootfs === true,
    SecurityOpt: ["no-new-privileges:true"],
    IpcMode: "private",
    PidMode: "",
    UTSMode: "",
    UsernsMode: "",
    CgroupnsMode: "private",
    Cgroup: "",
    CgroupParent: "",
    Runtime: "runc",
    Isolation: "",
    VolumeDriver: "",
    VolumesFrom: null,
    Links: null,
    ...saidAgain(HostConfig),
    Dns: null,
    DnsOptions: null,
    DnsSearch: null,
    Devices: [],
    DeviceCgroupRules: null,
    DeviceRequests: null,
    BlkioWeight: 0,
    CpuPeriod: 0,
    CpuQuota: 0,
    CpusetCpus: "",
    CpusetMems: "",
    OomKillDisable: false,
    OomScoreAdj: 0,
    ShmSize: HostConfig.ShmSize === undefined || HostConfig.ShmSize === 0 ? 64 << 20 : HostConfig.ShmSize,
    ...sizesAnswer(held),
    Mounts: record.mounts.map(({ type, source, target, readonly }) => ({ Type: type, Source: source, Target: target, ReadOnly: readonly })),
    Tmpfs: HostConfig.Tmpfs ?? {},
    ExtraHosts: HostConfig.ExtraHosts ?? null,
    Init: HostConfig.Init === true,
  };
}

function networkSettings(guard: Guard, container: OwnedContainer, { State, Config }: ContainerFacts): unknown {
  const open = State.Running ? container.published : [];
  const ports = [
    ...new Set([...Object.keys(container.asked.ExposedPorts ?? {}), ...Object.keys(Config.ExposedPorts ?? {}), ...container.record.ports.map(({ containerPort }) => `${containerPort}/tcp`)]),
  ];
  return {
    Bridge: "",
    SandboxID: "",
    SandboxKey: "",
    HairpinMode: false,
    Ports: State.Running
      ? Object.fromEntries(
          ports.map((key) => {
            const places = open.filter(({ containerPort }) => key === `${containerPort}/tcp` || key === String(containerPort));
            return [key.includes("/") ? key : `${key}/tcp`, places.length === 0 ? null : places.map(({ hostPort }) => ({ HostIp: "127.0.0.1", HostPort: String(hostPort) }))];
          }),
        )
      : {},
    ...bridgeSettings(guard, container),
    MacAddress: "",
    Networks: networksOf(guard, container),
  };
}

/** Where a container is that joined no network: older clients read it here. */
function bridgeSettings({ networks }: Guard, { endpoints }: OwnedContainer): Readonly<Record<string, unknown>> {
  const endpoint = endpoints.find(({ network }) => networks.withId(network)?.name === BRIDGE);
  return endpoint === undefined ? { IPAddress: "", IPPrefixLen: 0, Gateway: "" } : { IPAddress: endpoint.address, IPPrefixLen: PREFIX_LENGTH, Gateway: gatewayOf(0) };
}
