import * as z from "zod";
import { CreateSandbox, KitView, Limits, Rule, SandboxId, SelectionView, Session, WorkspaceNotice } from "@sbx/contracts";
import { Injection } from "../kit/injection.ts";
import { SshGrants } from "../kit/ssh-grants.ts";
import { RECORD_VERSION } from "./refuse-newer.ts";

const Stated = z.object({ size: z.string().optional(), mode: z.string().optional() });

/**
 * What the daemon remembers of a sandbox, in its database and on the workload container's `dev.sbx.record` label, so
 * that either can be made again from the other.
 */
export const SandboxRecord = z.object({
  version: z.literal(RECORD_VERSION),
  id: SandboxId,
  name: z.string(),
  /** With the limits that it was given. */
  request: CreateSandbox.extend({ limits: Limits.prefault({}) }),
  createdAt: z.iso.datetime(),
  /** Full ids; absent until they exist. */
  image: z.string(),
  /** Name of an image that was made for this sandbox alone, and goes with it. */
  ownImage: z.string().optional(),
  /** Packages of the system that its person installed, in this image. */
  packages: z.array(z.string()).optional(),
  gate: z.string().optional(),
  workload: z.string().optional(),
  /** "uid:gid" of the workload. */
  user: z.string(),
  homeDirectory: z.string(),
  /** The account of its image that everything runs in, where its workload wants that; otherwise it is `agent`, with the ids of the workspace's owner. */
  account: z.object({ name: z.string(), uid: z.int(), gid: z.int() }).optional(),
  /** Stands in the sandbox where the provider's key would be; unique to it. */
  placeholder: z.string(),
  service: z.string().optional(),
  modelSource: z.enum(["provider", "scripted", "none"]),
  /** Secrets that are put on at hosts, as its Kits were granted them, each with what stands for it inside where it has a variable. */
  credentials: z
    .array(
      z.object({ service: z.string(), name: z.string().optional(), placeholder: z.string().optional(), injections: z.array(Injection), phases: z.array(z.enum(["install", "runtime"])).optional() }),
    )
    .optional(),
  /** The time zone that its programs take for theirs (IANA's name), where that is not UTC: this machine's when it was made. */
  timeZone: z.string().optional(),
  /** Rules of the agent's profile, as its Kit stated them when the sandbox was made. */
  profileRules: z.array(Rule),
  /** Protected paths of the agent's profile, from the same moment. */
  profileProtect: z.array(z.string()),
  /** Whether the sandbox goes on without a session. */
  longRunning: z.boolean(),
  protected: z.array(z.string()),
  hidden: z.array(z.string()),
  notices: z.array(WorkspaceNotice),
  skipped: z.array(z.string()),
  /** The Kits that it was made of. */
  kits: z.array(KitView).default([]),
  /** Volumes of its Kits beside the home, as they were stated when it was made. */
  volumes: z
    .array(
      z.object({
        path: z.string(),
        mode: z.int(),
        memoryBytes: z.int().optional(),
        /** Not known of a sandbox that was made by an older version. */
        stated: Stated.optional(),
        /** It was there before its Kits were chosen anew: owner and mode stay as they are. */
        kept: z.boolean().optional(),
      }),
    )
    .optional(),
  /** Volumes on disk that its Kits had and do not have now. */
  dormant: z.array(z.object({ path: z.string(), stated: Stated.optional() })).optional(),
  /** What its home and each of its volumes holds at most, where that is bounded. */
  volumeBytes: z.int().optional(),
  /** What was decided of its Kits when it was made, or made anew. */
  selection: SelectionView.optional(),
  /** Who its git says that commits are by, from when it was made; nobody where it is empty. */
  gitIdentity: z.object({ name: z.string(), email: z.string() }).partial().optional(),
  /** What its Kits may have its person's SSH agent sign, from when it was made, or made anew. */
  ssh: SshGrants.optional(),
  /** Directories of its Kits that others have too, by their ids. */
  shares: z.array(z.string()).optional(),
  /** Whether the home was prepared and the install hooks ran. */
  ready: z.boolean(),
  /** It was made anew, and its new home is not prepared yet. */
  homeless: z.boolean().optional(),
});
export type SandboxRecord = z.infer<typeof SandboxRecord>;

/** A session as the daemon's database keeps it: what clients see, and the time at which it is ended. */
export const SessionRecord = z.object({ ...Session.shape, version: z.literal(RECORD_VERSION), deadlineAt: z.iso.datetime().optional() });
export type SessionRecord = z.infer<typeof SessionRecord>;

/** Whether the home of a sandbox is still to be prepared: it is new, or was made anew. */
export function needsHome({ ready, homeless = false }: Pick<SandboxRecord, "ready" | "homeless">): boolean {
  return !ready || homeless;
}
