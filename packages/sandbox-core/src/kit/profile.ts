import type { Rule, SelectionView } from "@sbx/contracts";
import type { CredentialPhase, ProfileCredential } from "./host-credential.ts";
import type { AcpAgent } from "./acp-agents.ts";
import type { ContextFile } from "./profile-contexts.ts";
import type { ProfileShare } from "./profile-shares.ts";
import type { ProfileSkills } from "./profile-skills.ts";
import type { SshGrants } from "./ssh-grants.ts";
import type { ProfileFacts } from "./template.ts";

/** A file that a profile puts into the home. */
export interface SeedFile {
  /** Absolute, or relative to the home. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** Whether a file that is there already is replaced. */
  readonly overwrite: boolean;
  /** Then the content is put after what a file says that is there and has no such line. */
  readonly appendUnless?: string;
}

/** Whether a person sits at the agent's terminal, or it is given one task and ends. */
export type LaunchMode = "interactive" | "headless";

/** Verbs with which a program drives the agent, as the Kit states them. */
export type SessionVerbs = { readonly [Verb in "prompt" | "resume" | "continue" | "list"]?: readonly string[] };

/** Files that a mixin puts over those of the agent. */
export interface KitLayer {
  readonly name: string;
  /** Text of its recipe; `directory` is what it may copy from. */
  readonly dockerfile: string;
  readonly directory: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Variables that its image sets. */
  readonly env: Readonly<Record<string, string>>;
}

/** One of the Kits that an agent is made of. */
export interface KitPart {
  /** What a person named it by: its name or its path. */
  readonly reference: string;
  readonly name: string;
  readonly kind: "workload" | "mixin";
  readonly directory: string;
  readonly version?: string;
}

/** A volume beside the home, on disk unless it has a size in memory. */
export interface ProfileVolume {
  /** Absolute and clean. */
  readonly path: string;
  /** What it is given once, when it is made. */
  readonly mode: number;
  /** It is in memory, holds as much, and is lost when the sandbox stops. */
  readonly memoryBytes?: number;
  /** As its Kit states them: what is stated otherwise later is another volume. */
  readonly stated: StatedVolume;
}

/** Size and mode of a volume as a Kit states them; what is absent is not stated. */
export interface StatedVolume {
  readonly size?: string;
  readonly mode?: string;
}

/** A command of a Kit's lifecycle. */
export interface ProfileHook {
  /** Whose it is. */
  readonly kit: string;
  /** Where it stands, such as `install[0]`. */
  readonly place: string;
  /** Whom it runs as: the sandbox's own user, or root in a container of the hooks. */
  readonly user: "agent" | "root";
  /** Names of the variables that it may see. */
  readonly variables: readonly string[];
  /** Runs with these variables and no others. */
  readonly command: readonly string[];
}

/** Everything that sbx does for one agent, decided from its Kit. Data and pure functions; nothing of it knows a sandbox. */
export interface AgentProfile {
  readonly name: string;
  readonly displayName: string;
  /** One sentence, or empty. */
  readonly description: string;
  readonly version?: string;
  /** Text of the recipe; `directory` is what it may copy from. */
  readonly dockerfile: string;
  readonly directory: string;
  /** Arguments of its build. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** What mixins put on it, in order. */
  readonly layers: readonly KitLayer[];
  /** All Kits that it is made of, the workload first. */
  readonly kits: readonly KitPart[];
  /** The user in whose account everything runs, by name. */
  readonly account: string;
  /** That user's home in the image. */
  readonly home: string;
  /** Model service that it speaks to. */
  readonly service?: string;
  /** Secrets that are put on at hosts. */
  readonly credentials: readonly ProfileCredential[];
  /** Rules of the layer "profile": what the Kit opens, and what it keeps shut. */
  readonly rules: readonly Rule[];
  /** What the install hooks may reach, in place of `rules`, and only while they run. */
  readonly installRules: readonly Rule[];
  /** What its rules allow, for people. */
  readonly allow: readonly string[];
  /** Hosts of telemetry and updates; `rules` denies them. */
  readonly telemetryHosts: readonly string[];
  /** Paths of the workspace that stay read-only besides those that always do. */
  readonly protect: readonly string[];
  /** Limits that the Kit asks for; a person's own win. */
  readonly resources: { readonly cpus?: number; readonly memoryBytes?: number };
  /** Volumes beside the home. */
  readonly volumes: readonly ProfileVolume[];
  readonly skills: ProfileSkills;
  /** Directories that Kits share among their sandboxes. */
  readonly shares: readonly ProfileShare[];
  /** What Kits may have the person's SSH agent sign. */
  readonly ssh: SshGrants;
  /** Whether the sandbox goes on without a session. */
  readonly longRunning: boolean;
  readonly sessions: SessionVerbs;
  /** Agents that speak the Agent Client Protocol. */
  readonly acp: readonly AcpAgent[];
  /** Programs that the agent leaves running and that keep nothing alive. */
  readonly leavesRunning: readonly string[];
  /** Commands in the sandbox. `install` once, `startup` at every start. */
  readonly hooks: { readonly install: readonly ProfileHook[]; readonly startup: readonly ProfileHook[] };
  /** Whether git is told who the person is. */
  readonly gitIdentity: boolean;
  /** Names of the arguments that its Kits declare. */
  readonly args: readonly string[];
  /** Optional capabilities that are left out, with the reason. */
  readonly skipped: readonly string[];
  /** What was decided of each declaration, and what its Kits are granted. */
  readonly selection: SelectionView;
  /** Texts for agents outside of the home. */
  readonly contexts: (workspace: string) => readonly ContextFile[];
  /** Files of the home. Those that are rendered anew are equal for equal facts. */
  readonly seedFiles: (facts: ProfileFacts) => readonly SeedFile[];
  /** Variables of every program in the sandbox. */
  readonly environment: (facts: ProfileFacts, phase?: CredentialPhase) => Readonly<Record<string, string>>;
  /** The argument vector of a session: the agent's program, what keeps it from asking, the person's own words. */
  readonly launch: (mode: LaunchMode, args: readonly string[]) => readonly string[];
}
