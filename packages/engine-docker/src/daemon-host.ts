import type { DaemonContainerSpec, DaemonHost } from "@sbx/core";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import * as z from "zod";
import { checkId } from "./containers.ts";
import { ask } from "./docker-error.ts";

/** Node's threads, the daemon's workers, and a relay for each connection of the command line. */
const PIDS = 2048;

/** What an engine does not say is empty, and like nothing here. */
const Machine = z.object({ ID: z.string().catch(""), KernelVersion: z.string().catch(""), Name: z.string().catch("") });

/** What an engine does for a daemon beside it. */
export function createDaemonHost({ docker }: { readonly docker: Docker }): DaemonHost {
  return {
    async machine() {
      const told = Machine.parse(await ask("say where it runs", async (): Promise<unknown> => await docker.info()));
      return { id: told.ID, kernel: told.KernelVersion, hostname: told.Name };
    },
    async volumeDirectory(name) {
      return (await ask(`look at the volume ${name}`, async () => docker.getVolume(checkId(name)).inspect())).Mountpoint;
    },
    async createDaemon(spec) {
      return (await ask(`create the container ${spec.name}`, async () => docker.createContainer(daemonBody(spec)))).id;
    },
  };
}

/**
 * Write the create request of the daemon's own container.
 *
 * It is trusted with the engine and so with its machine; what it does not need it is not given all the same, so that a fault
 * in what it parses is not at once one of that machine.
 */
export function daemonBody({ name, image, command, labels, user, groups, capabilities, binds, volume }: DaemonContainerSpec): ContainerCreateOptions {
  return {
    name,
    Image: image,
    Entrypoint: [...command],
    Cmd: [],
    Env: [],
    Labels: { ...labels },
    User: user,
    WorkingDir: "/",
    StopSignal: "SIGTERM",
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: "host",
      GroupAdd: groups.map(String),
      Privileged: false,
      CapDrop: ["ALL"],
      CapAdd: [...capabilities],
      SecurityOpt: ["no-new-privileges:true"],
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "rw,exec,nosuid,nodev,mode=1777" },
      IpcMode: "private",
      Init: false,
      AutoRemove: false,
      RestartPolicy: { Name: "" },
      PidsLimit: PIDS,
      LogConfig: { Type: "none", Config: {} },
      Mounts: [
        ...binds.map(({ path, readonly }) => ({ Type: "bind" as const, Source: path, Target: path, ReadOnly: readonly, BindOptions: { Propagation: "rprivate" as const } })),
        { Type: "volume" as const, Source: volume.name, Target: volume.target, VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "", Options: {} } } },
      ],
    },
  };
}
