import { describe, it } from "vitest";
import { daemonBody } from "../src/daemon-host.ts";

describe("the container of a daemon beside its engine", () => {
  it("has what it is given and nothing that the engine would add", ({ expect }) => {
    const { HostConfig, ...body } = daemonBody({
      name: "sbx-d-x",
      image: "sha256:abc",
      command: ["sh"],
      labels: { a: "b" },
      user: "7:8",
      groups: [9],
      capabilities: [],
      binds: [
        { path: "/home", readonly: false },
        { path: "/opt/sbx", readonly: true },
      ],
      volume: { name: "sbx-d-x", target: "/lib/v" },
    });
    expect(body).toEqual({
      name: "sbx-d-x",
      Image: "sha256:abc",
      Entrypoint: ["sh"],
      Cmd: [],
      Env: [],
      Labels: { a: "b" },
      User: "7:8",
      WorkingDir: "/",
      StopSignal: "SIGTERM",
      Healthcheck: { Test: ["NONE"] },
    });
    expect(HostConfig).toMatchObject({
      NetworkMode: "host",
      GroupAdd: ["9"],
      Privileged: false,
      CapDrop: ["ALL"],
      CapAdd: [],
      SecurityOpt: ["no-new-privileges:true"],
      ReadonlyRootfs: true,
      RestartPolicy: { Name: "" },
      LogConfig: { Type: "none" },
      Mounts: [
        { Type: "bind", Source: "/home", Target: "/home", ReadOnly: false, BindOptions: { Propagation: "rprivate" } },
        { Type: "bind", Source: "/opt/sbx", Target: "/opt/sbx", ReadOnly: true },
        { Type: "volume", Source: "sbx-d-x", Target: "/lib/v", VolumeOptions: { NoCopy: true } },
      ],
    });
    for (const key of ["PidMode", "UsernsMode", "Devices", "PortBindings", "Binds", "CgroupParent"]) expect(HostConfig).not.toHaveProperty(key);
  });
});
