import { createHash } from "node:crypto";
import { gatewayOf } from "../owned/addresses.ts";
import type { OwnedReaper } from "./owned-reapers.ts";
import { RYUK_PORT } from "./owned-reapers.ts";

const KEY = `${RYUK_PORT}/tcp`;
/** Its clients look for the gateway, at which they find what is published. */
const NETWORKS = { bridge: { IPAddress: "", Gateway: gatewayOf(0), Aliases: null, NetworkID: "", EndpointID: "" } };

/** `docker inspect` of a reaper, as of a container that runs Ryuk. */
export function reaperAnswer({ id, name, image, labels, created, reaper }: OwnedReaper): Readonly<Record<string, unknown>> {
  const { port } = reaper;
  const running = port !== undefined;
  const time = created.toISOString();
  return {
    Id: id,
    Created: time,
    Path: "/bin/ryuk",
    Args: [],
    State: {
      Status: running ? "running" : "created",
      Running: running,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: running ? 1 : 0,
      ExitCode: 0,
      Error: "",
      StartedAt: time,
      FinishedAt: "0001-01-01T00:00:00Z",
    },
    Image: imageId(image),
    Name: `/${name}`,
    RestartCount: 0,
    Driver: "overlay2",
    Platform: "linux",
    HostConfig: { AutoRemove: true, NetworkMode: "default", Privileged: false, PortBindings: { [KEY]: [{ HostIp: "", HostPort: "" }] } },
    Mounts: [],
    Config: { Hostname: id.slice(0, 12), Image: image, Labels: labels, Env: [], Cmd: ["/bin/ryuk"], Tty: false, ExposedPorts: { [KEY]: {} } },
    NetworkSettings: {
      Ports: running ? { [KEY]: [{ HostIp: "127.0.0.1", HostPort: String(port) }] } : {},
      Networks: NETWORKS,
      IPAddress: "",
      Gateway: gatewayOf(0),
    },
  };
}

/** Its line of `docker ps`. */
export function reaperSummary({ id, name, image, labels, created, reaper }: OwnedReaper): Readonly<Record<string, unknown>> {
  const running = reaper.port !== undefined;
  return {
    Id: id,
    Names: [`/${name}`],
    Image: image,
    ImageID: imageId(image),
    Command: "/bin/ryuk",
    Created: Math.floor(created.getTime() / 1000),
    Ports: running ? [{ IP: "127.0.0.1", PrivatePort: RYUK_PORT, PublicPort: reaper.port, Type: "tcp" }] : [],
    Labels: labels,
    State: running ? "running" : "created",
    Status: running ? "Up" : "Created",
    HostConfig: { NetworkMode: "default" },
    NetworkSettings: { Networks: NETWORKS },
    Mounts: [],
  };
}

/** `docker image inspect` of an image that is not there, and is not needed. */
export function ryukImageAnswer(image: string): Readonly<Record<string, unknown>> {
  return {
    Id: imageId(image),
    RepoTags: [image],
    RepoDigests: [],
    Created: "1970-01-01T00:00:00Z",
    Architecture: "",
    Os: "linux",
    Size: 0,
    Config: { ExposedPorts: { [KEY]: {} }, Cmd: ["/bin/ryuk"], Env: [], Labels: {} },
    RootFS: { Type: "layers", Layers: [] },
  };
}

/** An id that no image has: it is of the name. */
function imageId(image: string): string {
  return `sha256:${createHash("sha256").update(image).digest("hex")}`;
}
