import type { ContainerSpec, EngineId, Mount } from "../ports/engine.ts";
import { workloadSeccomp } from "../seccomp/workload-seccomp.ts";
import { kitVolumeMounts } from "./kit-volumes.ts";
import { containerName } from "./labels.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import { HOLD_PROGRAM, homeVolume, idsOf, limitsOf } from "./workload-container.ts";

export interface HookContainerParts {
  readonly record: SandboxRecord;
  readonly labels: Readonly<Record<string, string>>;
  /** The gate of the hooks' own pod; without one there is no network. */
  readonly gate: EngineId | undefined;
  readonly holdProgram: string;
  /** The person's skills, and directories that its Kits share. */
  readonly shown: readonly Mount[];
  /** Host paths of its address book. */
  readonly files: { readonly hosts: string; readonly resolver: string };
}

/**
 * Decide everything about the container in which install hooks run, before there is a workload.
 *
 * Its root has what installing needs and nothing that reaches out of the container: no mount, no device, no raw socket, no
 * other process's memory. It sees the sandbox's image, home and volumes, and nothing of the workspace. Its own variables are the
 * image's, because an image is made of it: each hook gets those of the sandbox.
 *
 * Where it may write what is the host's, shared directories and skills, nothing in it sets a set-id bit: a file of this root
 * that lies there is the host's root's.
 */
export function hookContainer({ record, labels, gate, holdProgram, shown, files }: HookContainerParts): ContainerSpec {
  return {
    name: `sbx-hooks-${record.id.slice(4)}`,
    image: record.image,
    command: [HOLD_PROGRAM, "init"],
    env: {},
    labels,
    user: "0:0",
    workdir: "/",
    mounts: [
      { kind: "bind", source: holdProgram, target: HOLD_PROGRAM, readonly: true },
      { kind: "bind", source: files.hosts, target: "/etc/hosts", readonly: true },
      { kind: "bind", source: files.resolver, target: "/etc/resolv.conf", readonly: true },
      { kind: "volume", source: homeVolume(record), target: record.homeDirectory },
      ...kitVolumeMounts(record, idsOf(record.user)),
      ...shown,
    ],
    network: gate === undefined ? { kind: "none", hostname: containerName(record), sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] } : { kind: "join", container: gate },
    capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
    readonlyRoot: false,
    seccomp: workloadSeccomp({ setsIds: !shown.some(writesHost) }),
    limits: limitsOf(record),
  };
}

function writesHost(mount: Mount): boolean {
  return mount.kind === "bind" && !mount.readonly;
}
