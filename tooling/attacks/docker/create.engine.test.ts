import { afterAll, beforeAll, describe, test } from "vitest";
import { whyNoEngine } from "@sbx/testing";
import { DockerLab, IMAGE, type GuardedSandbox } from "./lab.ts";

const missing = whyNoEngine("docker");

type Fields = Readonly<Record<string, unknown>>;

/** Settings of HostConfig by which a container gets out, or gets at others. */
const HOST: readonly (readonly [string, Fields])[] = [
  ["privilege", { Privileged: true }],
  ["privilege as a number", { Privileged: 1 }],
  ["privilege as text", { Privileged: "true" }],
  ["privilege in small letters", { privileged: true }],
  ["privilege with a long s in another key", { SecurityOpt: [], "\u017FecurityOpt": ["seccomp=unconfined"] }],
  ["a capability over the system", { CapAdd: ["SYS_ADMIN"] }],
  ["a capability with its prefix", { CapAdd: ["CAP_SYS_PTRACE"] }],
  ["all capabilities", { CapAdd: ["ALL"] }],
  ["raw sockets", { CapAdd: ["NET_RAW"] }],
  ["network administration", { CapAdd: ["CHOWN", "NET_ADMIN"] }],
  ["device nodes", { CapAdd: ["MKNOD"] }],
  ["file capabilities", { CapAdd: ["SETFCAP"] }],
  ["seccomp switched off", { SecurityOpt: ["seccomp=unconfined"] }],
  ["seccomp switched off with a colon", { SecurityOpt: ["seccomp:unconfined"] }],
  ["apparmor switched off", { SecurityOpt: ["apparmor=unconfined"] }],
  ["labels switched off", { SecurityOpt: ["label=disable"] }],
  ["new privileges", { SecurityOpt: ["no-new-privileges:false"] }],
  ["system paths unmasked", { MaskedPaths: [] }],
  ["system paths writable", { ReadonlyPaths: [] }],
  ["other masks", { MaskedPaths: ["/tmp"] }],
  ["the host's network", { NetworkMode: "host" }],
  ["the host's processes", { PidMode: "host" }],
  ["the host's IPC", { IpcMode: "host" }],
  ["shareable IPC", { IpcMode: "shareable" }],
  ["the host's name", { UTSMode: "host" }],
  ["the host's ids", { UsernsMode: "host" }],
  ["the host's control groups", { CgroupnsMode: "host" }],
  ["another container's network", { NetworkMode: "container:victim" }],
  ["another container's processes", { PidMode: "container:victim" }],
  ["another container's IPC", { IpcMode: "container:victim" }],
  ["a network that is not there", { NetworkMode: "nosuch" }],
  ["a device", { Devices: [{ PathOnHost: "/dev/sda", PathInContainer: "/dev/sda", CgroupPermissions: "rwm" }] }],
  ["a rule for devices", { DeviceCgroupRules: ["a *:* rwm"] }],
  ["a request for devices", { DeviceRequests: [{ Driver: "nvidia", Count: -1, Capabilities: [["gpu"]] }] }],
  ["the root directory", { Binds: ["/:/host"] }],
  ["the engine's socket", { Binds: ["/var/run/docker.sock:/var/run/docker.sock"] }],
  ["the root directory by a mount", { Mounts: [{ Type: "bind", Source: "/", Target: "/host" }] }],
  ["a path that begins like the workspace", { Binds: ["WORKSPACE-other:/x"] }],
  ["a parent of the workspace", { Binds: ["WORKSPACE/..:/x"] }],
  ["a path with dots", { Binds: ["WORKSPACE/../../etc:/x"] }],
  ["shared propagation", { Binds: ["WORKSPACE:/x:rshared"] }],
  ["shared propagation of a mount", { Mounts: [{ Type: "bind", Source: "WORKSPACE", Target: "/x", BindOptions: { Propagation: "rshared" } }] }],
  ["a mount of pipes", { Mounts: [{ Type: "npipe", Source: "x", Target: "/x" }] }],
  ["a mount of an image", { Mounts: [{ Type: "image", Source: IMAGE, Target: "/x" }] }],
  ["a volume that is a bind", { Mounts: [{ Type: "volume", Target: "/x", VolumeOptions: { DriverConfig: { Name: "local", Options: { type: "none", o: "bind", device: "/" } } } }] }],
  ["a volume of another driver", { VolumeDriver: "sshfs" }],
  ["a volume inside the workspace's mount", { Binds: ["WORKSPACE:/x", "v:/x/y"] }],
  ["memory inside the workspace's mount", { Binds: ["WORKSPACE:/x"], Tmpfs: { "/x/.git": "" } }],
  ["a mount over /proc", { Tmpfs: { "/proc": "" } }],
  ["a mount over /sys", { Binds: ["v:/sys/fs"] }],
  ["a mount over /dev", { Binds: ["v:/dev"] }],
  ["a mount over everything", { Binds: ["v:/"] }],
  ["a target with dots", { Binds: ["v:/x/../proc"] }],
  ["setuid memory by other words", { Tmpfs: { "/x": "mpol=bind" } }],
  ["volumes of another container", { VolumesFrom: ["victim"] }],
  ["a link", { Links: ["victim:db"] }],
  ["a log to the network", { LogConfig: { Type: "syslog", Config: { "syslog-address": "tcp://127.0.0.1:1" } } }],
  ["a log to a socket of the host", { LogConfig: { Type: "fluentd", Config: { "fluentd-address": "unix:///var/run/docker.sock" } } }],
  ["options of the log", { LogConfig: { Type: "json-file", Config: { labels: "x" } } }],
  ["another runtime", { Runtime: "io.containerd.runc.v2" }],
  ["a control group of others", { CgroupParent: "/system.slice" }],
  ["settings of the kernel", { Sysctls: { "kernel.shm_rmid_forced": "1" } }],
  ["a limit of threads for all", { Ulimits: [{ Name: "nproc", Soft: 1, Hard: 1 }] }],
  ["precedence when memory is short", { OomScoreAdj: -1000 }],
  ["no end when memory is short", { OomKillDisable: true }],
  ["real time", { CpuRealtimeRuntime: 950_000 }],
  ["more processor than others", { CpuShares: 262_144 }],
  ["priority on disks", { BlkioWeight: 1000 }],
  ["restarts for ever", { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } }],
  ["names of its own for what is no address", { ExtraHosts: ["api.example.org:metadata.internal"] }],
  ["names of its own for addresses with a port", { ExtraHosts: ["api.example.org:10.0.0.1:80"] }],
  ["a resolver of its own", { Dns: ["8.8.8.8"] }],
  ["storage options", { StorageOpt: { size: "1T" } }],
  ["annotations", { Annotations: { "io.katacontainers.x": "y" } }],
  ["a file on the host", { ContainerIDFile: "/etc/cron.d/x" }],
  ["a published port of UDP", { PortBindings: { "53/udp": [{ HostPort: "53" }] } }],
  ["a port on another address", { PortBindings: { "80/tcp": [{ HostIp: "192.0.2.1", HostPort: "80" }] } }],
  ["a port that is none", { PortBindings: { "70000/tcp": [{ HostPort: "1" }] } }],
];

/** Fields beside HostConfig. */
const CONFIG: readonly (readonly [string, Fields])[] = [
  ["HostConfig's fields at the top", { Privileged: true }],
  ["binds at the top", { Binds: ["/:/host"] }],
  ["an unknown field", { Foo: 1 }],
  ["a field in another case", { image: IMAGE }],
  ["sbx's own labels", { Labels: { "dev.sbx.sandbox": "sbx_other000" } }],
  ["sbx's own labels in capitals", { Labels: { "DEV.SBX.role": "gate" } }],
  ["an image of others", { Image: "VICTIM-IMAGE" }],
  ["an image by the name of no tag", { Image: "debian" }],
  ["a user with a line feed", { User: "root\nx" }],
  ["a directory with dots", { WorkingDir: "/../proc" }],
  ["a check every nanosecond", { Healthcheck: { Test: ["CMD", "true"], Interval: 1000 } }],
  ["a network card", { MacAddress: "02:42:ac:11:00:02" }],
  ["an address of its own", { NetworkingConfig: { EndpointsConfig: { bridge: { IPAMConfig: { IPv4Address: "172.17.0.5" } } } } }],
  ["a driver's options of a network", { NetworkingConfig: { EndpointsConfig: { bridge: { DriverOpts: { x: "y" } } } } }],
  ["a network's settings beside their place", { NetworkingConfig: { bridge: { IPAMConfig: { IPv4Address: "172.17.0.5" } } } }],
  ["another sandbox's network", { NetworkingConfig: { EndpointsConfig: { othernet: {} } } }],
  ["a host name that is a path", { Hostname: "../x" }],
  ["a hundred and thirty labels", { Labels: Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`l${at}`, ""])) }],
];

describe.skipIf(missing !== undefined)(`requests for containers that would reach out${missing === undefined ? "" : ` (${missing})`}`, () => {
  let lab: DockerLab;
  let box: GuardedSandbox;
  let other: GuardedSandbox;
  beforeAll(async () => {
    lab = await DockerLab.open();
    box = await lab.guard();
    other = await lab.guard();
    await other.ask("POST", "/v1.41/networks/create", { Name: "othernet" });
    await other.child({}, { Hostname: "victim" });
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const create = (host: Fields, config: Fields = {}) => {
    const body = JSON.stringify({ Image: IMAGE, Cmd: ["true"], ...config, HostConfig: host });
    return box.ask("POST", "/v1.41/containers/create?name=attack", body.replaceAll("WORKSPACE", box.workspace));
  };

  test.for(HOST)("%s is refused, and nothing is made", async ([, host], { expect }) => {
    const before = await lab.state();
    const reply = await create(host);
    expect([400, 403, 404]).toContain(reply.status);
    expect(reply.json).toEqual({ message: expect.any(String) });
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test.for(CONFIG)("%s: refused, and nothing is made", async ([, config], { expect }) => {
    const before = await lab.state();
    const reply = await create({}, config);
    expect([400, 403, 404]).toContain(reply.status);
    expect(await lab.state()).toBe(before);
    expect(box.faults).toEqual([]);
  });

  test("what is made has none of it", async ({ expect }) => {
    const id = await box.child({ Binds: [`${box.workspace}:/w`], CapAdd: ["CHOWN"], Memory: 2 ** 36, PidsLimit: -1, Init: true });
    const { body } = await lab.raw.call({ method: "GET", path: ["containers", id, "json"] });
    expect(body).toMatchObject({
      HostConfig: {
        Privileged: false,
        CapDrop: ["ALL"],
        CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
        NetworkMode: expect.stringMatching(/^container:[0-9a-f]{64}$/),
        PidMode: "",
        IpcMode: "private",
        RestartPolicy: { Name: "no" },
        LogConfig: { Type: "json-file" },
        PidsLimit: 2048,
        Devices: null,
        Binds: null,
      },
    });
    expect(JSON.stringify(body)).toContain('"SecurityOpt":["no-new-privileges:true","seccomp=');
    await box.ask("DELETE", `/v1.41/containers/${id}?force=1`);
  });

  test("a container is without interface, capability beyond the five, or way to more", async ({ expect }) => {
    const id = await box.child();
    const { stdout } = await box.docker(["exec", id, "sh", "-c", "ls /sys/class/net; grep -E 'CapBnd|CapEff|NoNewPrivs|Seccomp:' /proc/self/status; ls /dev/sda /dev/mem 2>&1 | wc -l"]);
    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, SETGID 6, SETUID 7.
    expect(stdout).toMatch(/^lo\n/);
    expect(stdout).toContain("CapEff:\t00000000000000cb");
    expect(stdout).toContain("CapBnd:\t00000000000000cb");
    expect(stdout).toMatch(/NoNewPrivs:\t1\nSeccomp:\t2/);
    await box.ask("DELETE", `/v1.41/containers/${id}?force=1`);
  });

  test("no setuid file can be left in the workspace, by a program or by an archive", async ({ expect }) => {
    const id = await box.child({ Binds: [`${box.workspace}:/w`] });
    const run = await box.docker(["exec", id, "sh", "-c", "cp /bin/sh /w/s; chmod 4755 /w/s; touch /w/.git/hooks/x"]);
    expect(run.stderr).toMatch(/Operation not permitted[\s\S]*Read-only file system/);
    expect((await box.docker(["exec", id, "stat", "-c", "%a", "/w/s"])).stdout.trim()).toMatch(/^[0-7]{3}$/);
    await box.ask("DELETE", `/v1.41/containers/${id}?force=1`);
  });
});
