import { describe, it } from "vitest";
import { ContainerCreate } from "../../src/routes/schema/container-config.ts";
import { ContainerPath, whyInvalid } from "../../src/routes/schema/field.ts";

/** What `docker run -p 5432 -v … --memory 100m` of Docker 28 sends. */
const DOCKER_28 = JSON.parse(
  '{"Hostname":"","Domainname":"","User":"","AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"ExposedPorts":{"5432/tcp":{}},"Tty":false,"OpenStdin":true,"StdinOnce":true,"Env":["A=b"],"Cmd":["cat"],"Image":"b7fa192aff65","Volumes":{},"WorkingDir":"/x","Entrypoint":null,"OnBuild":null,"Labels":{},"HostConfig":{"Binds":["/work:/x"],"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"NetworkMode":"default","PortBindings":{"5432/tcp":[{"HostIp":"","HostPort":""}]},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":true,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,"CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,"Memory":104857600,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],"BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,"ReadonlyPaths":null},"NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"","EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}}}',
) as unknown;
/** What compose 1.29 sends for a service with a port, a volume and a bind. */
const COMPOSE_1 = JSON.parse(
  '{"ExposedPorts":{"6379/tcp":{}},"Tty":false,"OpenStdin":false,"StdinOnce":false,"AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Env":["A=b"],"Cmd":["sleep","3"],"Image":"debian","Volumes":{"/x":{},"/data":{}},"NetworkDisabled":false,"HostConfig":{"NetworkMode":"comp_default","VolumesFrom":[],"Binds":["/work:/x:rw","comp_data:/data:rw"],"PortBindings":{"6379/tcp":[{"HostIp":"","HostPort":""}]},"Links":[],"LogConfig":{"Type":"","Config":{}}},"NetworkingConfig":{"EndpointsConfig":{"comp_default":{"Aliases":["a"],"IPAMConfig":{}}}},"Labels":{"com.docker.compose.project":"comp"}}',
) as unknown;

describe("the schema of a create request", () => {
  it.for([
    ["the docker command line", DOCKER_28],
    ["compose", COMPOSE_1],
  ])("takes what %s sends", ([, body], { expect }) => {
    expect(ContainerCreate.safeParse(body).error).toBeUndefined();
  });

  it("passes nothing on of fields that have to be harmless", ({ expect }) => {
    const { HostConfig = {} } = ContainerCreate.parse(DOCKER_28);
    const left = Object.entries(HostConfig).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    expect(left.toSorted()).toEqual(
      [
        "AutoRemove",
        "Binds",
        "ConsoleSize",
        "CpuShares",
        "LogConfig",
        "Memory",
        "MemoryReservation",
        "MemorySwap",
        "NanoCpus",
        "NetworkMode",
        "PidsLimit",
        "PortBindings",
        "PublishAllPorts",
        "ReadonlyRootfs",
        "RestartPolicy",
        "ShmSize",
        "Ulimits",
      ].toSorted(),
    );
  });

  it("names a field that it does not know, and the place", ({ expect }) => {
    const { error } = ContainerCreate.safeParse({ Image: "debian", HostConfig: { priviLeged: true } });
    expect(error === undefined ? "" : whyInvalid(error)).toBe('HostConfig has a field that is not known here: "priviLeged"');
  });

  it("says why, and what to do instead", ({ expect }) => {
    const { error } = ContainerCreate.safeParse({ Image: "debian", HostConfig: { Links: ["db:db"] } });
    expect(error === undefined ? "" : whyInvalid(error)).toBe("HostConfig.Links is refused: links are gone from Docker too; use a network and its aliases");
  });
});

describe("a key that may not be", () => {
  it("is refused with what its own schema says", ({ expect }) => {
    const { error } = ContainerCreate.safeParse({ Image: "debian", HostConfig: { PortBindings: { "53/udp": [{ HostPort: "53" }] } } });
    expect(error === undefined ? "" : whyInvalid(error)).toBe("HostConfig.PortBindings.53/udp is refused: a published port is one of TCP, as 5432/tcp; nothing but TCP leaves a pod");
  });
});

describe("ContainerPath", () => {
  it.for(["/", "/a", "/a/b", "/.git", "/a/..b", "/...", "/a//b"])("takes %s", (path, { expect }) => {
    expect(ContainerPath.safeParse(path).success).toBe(true);
  });

  it.for(["", "a", "/..", "/.", "/../a", "/./a", "/a/..", "/a/../b", "/a/.", "/a:b", "/a\n", "../a"])("refuses %j", (path, { expect }) => {
    expect(ContainerPath.safeParse(path).success).toBe(false);
  });
});
