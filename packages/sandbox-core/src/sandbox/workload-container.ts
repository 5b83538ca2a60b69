import { accountVariables } from "../kit/account-variables.ts";
import { AGENT } from "../kit/workload-account.ts";
import type { ContainerSpec, EngineId, Mount } from "../ports/engine.ts";
import { sshVariables } from "../ports/ssh-agents.ts";
import { workloadSeccomp } from "../seccomp/workload-seccomp.ts";
import type { Account } from "./account-files.ts";
import { kitVolumeMounts } from "./kit-volumes.ts";
import { containerName } from "./labels.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import { standInMounts } from "./stand-ins.ts";

/** Where a session keeps its socket, output and exit code, in memory of the sandbox's own. */
export const SESSION_DIRECTORY = "/run/sbx";
/** Where the directory is that holds the socket of the sandbox's Docker API. Images with Docker's command line have a link there. */
export const DOCKER_DIRECTORY = "/.sbx/docker";
/** Name of that socket. */
export const DOCKER_SOCKET = "sock";
/** Where the session holder is, bound read-only. */
export const HOLD_PROGRAM = "/.sbx/hold";
const SESSION_BYTES = 64 << 20;

export interface WorkloadParts {
  readonly record: SandboxRecord;
  readonly gate: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  /** Environment of the agent's profile. */
  readonly profileEnv: Readonly<Record<string, string>>;
  readonly workspaceMounts: readonly Mount[];
  /** How it finds its Docker API, and its SSH agent. */
  readonly socket: readonly Mount[];
  readonly holdProgram: string;
  /** Host path of the program that stands in for those which need a person. */
  readonly standIn: string;
  /** Host paths of the files that give the workload its own name and address book. */
  readonly files: { readonly passwd: string; readonly group: string; readonly hosts: string; readonly resolver: string; readonly prompt: string };
}

/**
 * Decide everything about the container in which the agent runs. It joins the gate's network and has no other. A person's
 * variables are not among its own, which the engine shows to whoever asks: each session and hook gets them.
 */
export function workloadContainer({ record, gate, labels, profileEnv, workspaceMounts, socket, holdProgram, standIn, files }: WorkloadParts): ContainerSpec {
  const { workspace } = record.request;
  const { uid, gid } = idsOf(record.user);
  return {
    name: containerName(record),
    image: record.image,
    command: [HOLD_PROGRAM, "init"],
    env: { ...workloadEnvironment(record, profileEnv), ...sshVariables(socket) },
    labels,
    user: record.user,
    workdir: workspace,
    mounts: [
      { kind: "bind", source: holdProgram, target: HOLD_PROGRAM, readonly: true },
      { kind: "bind", source: files.passwd, target: "/etc/passwd", readonly: true },
      { kind: "bind", source: files.group, target: "/etc/group", readonly: true },
      { kind: "bind", source: files.hosts, target: "/etc/hosts", readonly: true },
      { kind: "bind", source: files.resolver, target: "/etc/resolv.conf", readonly: true },
      { kind: "bind", source: files.prompt, target: "/etc/debian_chroot", readonly: true },
      ...standInMounts(standIn),
      { kind: "volume", source: homeVolume(record), target: record.homeDirectory },
      { kind: "tmpfs", target: SESSION_DIRECTORY, sizeBytes: SESSION_BYTES, mode: 0o700, uid, gid },
      ...kitVolumeMounts(record, { uid, gid }),
      ...workspaceMounts,
      ...socket,
    ],
    network: { kind: "join", container: gate },
    capabilities: [],
    readonlyRoot: false,
    seccomp: workloadSeccomp(),
    limits: limitsOf(record),
  };
}

/** Variables that every program of a sandbox begins with. */
export function workloadEnvironment(record: SandboxRecord, profileEnv: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...accountVariables(accountOf(record)), SBX_SANDBOX: record.name, ...zoneEnv(record), ...dockerEnv(record), ...profileEnv };
}

/** What a sandbox's user is called in it. */
export function accountName({ account }: Pick<SandboxRecord, "account">): string {
  return account?.name ?? AGENT.name;
}

/** The account of a sandbox's user. */
export function accountOf(record: SandboxRecord): Account {
  const { user, homeDirectory } = record;
  return { name: accountName(record), shell: "/bin/bash", ...idsOf(user), home: homeDirectory };
}

/** What a sandbox may use of this machine. */
export function limitsOf({ request: { limits } }: SandboxRecord): ContainerSpec["limits"] {
  return {
    pids: limits.pids,
    ...(limits.memoryBytes === undefined ? {} : { memoryBytes: limits.memoryBytes }),
    ...(limits.cpus === undefined ? {} : { cpus: limits.cpus }),
    ...(limits.diskBytes === undefined ? {} : { diskBytes: limits.diskBytes }),
  };
}

/** UTC is what an image without a word about it has. */
function zoneEnv({ timeZone }: SandboxRecord): Readonly<Record<string, string>> {
  return timeZone === undefined ? {} : { TZ: timeZone };
}

/** A sandbox's Docker API builds by the classic builder's calls. Most clients see that; compose has to be told. */
function dockerEnv({ request }: SandboxRecord): Readonly<Record<string, string>> {
  return request.docker === "guarded" ? { DOCKER_BUILDKIT: "0" } : {};
}

/** Name of the volume that holds a sandbox's home. */
export function homeVolume({ id }: Pick<SandboxRecord, "id">): string {
  return `sbx-home-${id.slice(4)}`;
}

/** The two numbers of "uid:gid". */
export function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const [uid = Number.NaN, gid = Number.NaN] = user.split(":").map(Number);
  if (!Number.isInteger(uid) || !Number.isInteger(gid) || uid <= 0 || gid < 0) throw new Error(`"${user}" is no user of a workload`);
  return { uid, gid };
}
