import type { CreateSandbox, RecordEvent, SandboxId } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { Engine } from "../ports/engine.ts";
import type { DockerSockets, ImageMaker, PodNetwork, PortPublisher, SandboxAuthorities, SandboxFiles, WorkloadLink, WorkspaceHost, WorkspaceRequest } from "../ports/host.ts";
import type { SharedDirectories } from "../ports/shared-directories.ts";
import type { SkillStore } from "../ports/skill-store.ts";
import type { SshAgents } from "../ports/ssh-agents.ts";
import type { SandboxStore } from "../ports/store.ts";
import type { InstallPods, LayerMaker, TemplateStore } from "../ports/template-host.ts";
import type { EngineIds } from "./engine-ids.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** The Kits of a sandbox, and what is filled into them. */
export type WantedProfile = Pick<CreateSandbox, "agent" | "kits" | "args" | "env" | "workspace" | "extra" | "publish" | "share" | "reject" | "sshAgent"> & {
  /** Whether there is a name and an address for commits; unknown of sandboxes of older versions. */
  readonly identified?: boolean | undefined;
  /** Secrets that a sandbox which is there was granted; where it is made, or made anew, what they are bound to decides. */
  readonly grantedSecrets?: readonly string[];
  /** Arguments that one of the Kits must declare, where not all of `args`. */
  readonly given?: readonly string[];
};

/** Everything that sandboxes need of the world. */
export interface SandboxParts {
  /** Rejects with `ENGINE_UNREACHABLE` while there is none. */
  readonly engine: () => Promise<Engine>;
  readonly images: () => Promise<ImageMaker>;
  readonly layers: () => Promise<LayerMaker>;
  readonly templates: TemplateStore;
  readonly installPods: InstallPods;
  readonly pods: PodNetwork;
  readonly files: SandboxFiles;
  /** What the engine's ids are on this machine. */
  readonly ids: EngineIds;
  readonly workspace: WorkspaceHost;
  readonly docker: DockerSockets;
  readonly ssh: SshAgents;
  readonly ports: PortPublisher;
  readonly store: SandboxStore;
  readonly authorities: SandboxAuthorities;
  readonly skills: SkillStore;
  readonly shares: SharedDirectories;
  /** Rejects with `AGENT_UNKNOWN`, `KIT_CONFLICT`, `KIT_INVALID` or `KIT_UNSUPPORTED`. */
  readonly profile: (wanted: WantedProfile) => Promise<AgentProfile>;
  readonly record: RecordEvent;
  /** Allow destinations for a sandbox that is there, those that no rule allows by the same words. @throws AppError `CONFIG_INVALID` */
  readonly allow: (record: SandboxRecord, destinations: readonly string[]) => void;
  /** Called when the engine and what is remembered agree, once, before any sandbox is worked on. */
  readonly reconciled: (sandboxes: readonly LiveSandbox[]) => Promise<void>;
  /** Called when nothing of a sandbox runs any more, so that what works for it ends too. */
  readonly stopped: (id: SandboxId) => Promise<void>;
  /** Called when a sandbox is gone. Resolves when nothing is kept for it any more. */
  readonly ended: (id: SandboxId) => Promise<void>;
  readonly owner: string;
  /** How long one hook of a Kit may run, in milliseconds. */
  readonly hookLimitMs: number;
  readonly now: () => Date;
  readonly newId: () => SandboxId;
  /** Keeps the beginning of a sandbox ready, made so long after one was made; without it none is kept. */
  readonly spares?: { readonly laterMs: number };
  /** What a sandbox may use of this machine when nobody says. */
  readonly defaultLimits: { readonly cpus: number; readonly memoryBytes: number };
  /** This machine's time zone, by IANA's name. */
  readonly timeZone: () => string;
  readonly newPlaceholder: (service: string | undefined) => string;
  /** Whose model a new sandbox uses. Rejects with `CREDENTIAL_MISSING` when the provider is wanted and no key is there. */
  readonly modelSource: (service: string | undefined, wanted: CreateSandbox["model"]) => Promise<SandboxRecord["modelSource"]>;
}

/** A sandbox as the daemon holds it. */
export interface LiveSandbox {
  record: SandboxRecord;
  /** The daemon's end of its pod, while it runs. */
  pod: WorkloadLink | undefined;
  running: boolean;
}

/** What the workspace host needs to know of a sandbox. */
export async function workspaceRequest({ files }: Pick<SandboxParts, "files">, record: SandboxRecord): Promise<WorkspaceRequest> {
  const { workspace, extra, hide, allowWrite } = record.request;
  const { account } = record;
  return { id: record.id, directory: await files.workspaceDirectory(record.id), workspace, extra, hide, allowWrite, protect: record.profileProtect, ...(account === undefined ? {} : { as: account }) };
}
