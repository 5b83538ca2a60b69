import { AppError, Limits, type CreateSandbox } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { EngineId } from "../ports/engine.ts";
import { templateOf } from "../template/save-template.ts";
import { agentImage } from "./agent-image.ts";
import { makeKitVolumes, refuseVolumesWithin } from "./kit-volumes.ts";
import { sshOf, unaskedSsh } from "./ssh-of.ts";
import { skippedContexts } from "./context-mounts.ts";
import { diskLimit, type DiskLimit } from "./disk-limit.ts";
import { imageAccount } from "./image-account.ts";
import { labelsOf } from "./labels.ts";
import type { Progress } from "./progress.ts";
import { sandboxName } from "./sandbox-name.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import { refuseKitWithin } from "./refuse-kit-within.ts";
import { refuseShares } from "./share-mounts.ts";
import { giveUp, type Beginning } from "./spare-beginnings.ts";
import { startSandbox } from "./start-sandbox.ts";
import { grantedCredentials } from "./granted-credentials.ts";
import { homeVolume } from "./workload-container.ts";

export interface CreateWork {
  readonly request: CreateSandbox;
  readonly profile: AgentProfile;
  /** Who commits are by. */
  readonly identity: NonNullable<SandboxRecord["gitIdentity"]>;
  readonly taken: (name: string) => boolean;
  /** Directories that other sandboxes may write. */
  readonly writable: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Gives what sandboxes begin with, where it is ready with a gate of this image. */
  readonly begin: (gateImage: EngineId) => Promise<Beginning | undefined>;
  /** Called as soon as there is something that a crash would leave behind. */
  readonly began: (live: LiveSandbox) => void;
}

/**
 * Make a sandbox and start it. After a failure, or the caller's going away, what was begun is the caller's to end.
 *
 * @throws AppError `NAME_TAKEN`, `CREDENTIAL_MISSING`, `IMAGE_UNAVAILABLE`, `BUILD_FAILED` and those of {@link startSandbox}
 */
export async function createSandbox(parts: SandboxParts, work: CreateWork): Promise<LiveSandbox> {
  const { request, profile, progress, signal } = work;
  refuseTaken(work);
  refuseKitWithin(request, profile, work.writable);
  refuseVolumesWithin(request, profile);
  refuseShares(request, profile);
  const template = templateOf(parts, request);
  const modelSource = await parts.modelSource(profile.service, request.model);
  const images = await parts.images();
  const gateImage = await progress.step("gate image", (line) => images.gate(line, signal));
  const disk = await diskLimit(parts, request, gateImage);
  const image = await agentImage(parts, work, template);
  const account = await imageAccount(await parts.engine(), image, profile);
  await using untaken = new AsyncDisposableStack();
  const beginning = await work.begin(gateImage);
  if (beginning !== undefined) untaken.defer(() => giveUp(beginning));
  // Again: another may have taken it while the images were made.
  refuseTaken(work);
  const id = beginning?.id ?? parts.newId();
  const live: LiveSandbox = { record: newRecord(parts, work, { id, image, ...account, modelSource, disk, packages: template?.packages }), pod: beginning?.link, running: false };
  work.began(live);
  // From here on it goes with the sandbox, and its pod may reach what the sandbox may.
  untaken.move();
  beginning?.link.give({ name: live.record.name });
  parts.store.putSandbox(live.record);
  parts.record({ type: "sandbox.created", sandbox: live.record.id, fields: { name: live.record.name, agent: request.agent, workspace: request.workspace } });
  const makeVolumes = async (): Promise<void> => {
    const engine = await parts.engine();
    await engine.createVolume(homeVolume(live.record), labelsOf(parts.owner, live.record.id, "home"), live.record.volumeBytes);
    await makeKitVolumes(engine, parts, live.record);
  };
  await startSandbox(parts, { live, profile, gateImage, gate: beginning?.gate, makeVolumes, progress, signal });
  return live;
}

function refuseTaken({ request: { name }, taken }: CreateWork): void {
  if (name === undefined || !taken(name)) return;
  throw new AppError("NAME_TAKEN", { message: `There is a sandbox "${name}" already, for another workspace or agent`, fix: `Choose another --name, or remove it with: sbx rm ${name}` });
}

function newRecord(
  parts: SandboxParts,
  { request, profile, identity, taken }: CreateWork,
  { id, image, account, modelSource, disk, packages }: Pick<SandboxRecord, "id" | "image" | "account" | "modelSource"> & { readonly disk: DiskLimit; readonly packages: readonly string[] | undefined },
): SandboxRecord {
  const limits = { ...parts.defaultLimits, ...profile.resources, ...request.limits };
  return {
    version: 1,
    id,
    name: request.name ?? sandboxName(profile.name, request.workspace, taken),
    request: { ...request, limits: { ...limits, pids: limits.pids ?? Limits.parse({}).pids } },
    createdAt: parts.now().toISOString(),
    image,
    ...(packages === undefined ? {} : { packages: [...packages] }),
    user: "1000:1000",
    homeDirectory: profile.home,
    ...(account === undefined ? {} : { account }),
    placeholder: parts.newPlaceholder(profile.service),
    ...(profile.service === undefined ? {} : { service: profile.service }),
    modelSource,
    ...grantedCredentials(parts, profile, []),
    ...zoneOf(parts),
    profileRules: [...profile.rules],
    profileProtect: [...profile.protect],
    ...(profile.volumes.length === 0 ? {} : { volumes: [...profile.volumes] }),
    longRunning: profile.longRunning,
    protected: [],
    hidden: [],
    notices: [],
    selection: profile.selection,
    gitIdentity: identity,
    ...sshOf(profile),
    ...(disk.volumeBytes === undefined ? {} : { volumeBytes: disk.volumeBytes }),
    skipped: [...profile.skipped, ...disk.skipped, ...skippedContexts(profile.contexts(request.workspace), request), ...unaskedSsh(request, profile)],
    kits: kitViews(profile),
    ready: false,
  };
}

function zoneOf(parts: Pick<SandboxParts, "timeZone">): Pick<SandboxRecord, "timeZone"> {
  const timeZone = parts.timeZone();
  return timeZone === "UTC" ? {} : { timeZone };
}

/** The Kits of an agent, as they are shown and remembered. */
export function kitViews({ kits }: Pick<AgentProfile, "kits">): SandboxRecord["kits"] {
  return kits.map(({ name, kind, directory, version }) => ({ name, kind, directory, ...(version === undefined ? {} : { version }) }));
}
