import type { RecreateSandbox } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import { installPackages } from "../template/install-packages.ts";
import { templateOf } from "../template/save-template.ts";
import { agentImage } from "./agent-image.ts";
import { skippedContexts } from "./context-mounts.ts";
import { kitViews } from "./create-sandbox.ts";
import { grantedCredentials } from "./granted-credentials.ts";
import { isWhole, readIdentity } from "./git-identity.ts";
import { makeKitVolumes, refuseVolumesWithin, volumesAnew } from "./kit-volumes.ts";
import { imageAccount } from "./image-account.ts";
import { isOfAgent, labelsOf } from "./labels.ts";
import { containersOf, removeContainers } from "./pod-containers.ts";
import type { Progress } from "./progress.ts";
import { refuseKitWithin } from "./refuse-kit-within.ts";
import type { LiveSandbox, SandboxParts, WantedProfile } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import { refuseShares } from "./share-mounts.ts";
import { openSkills } from "./skills.ts";
import { startSandbox } from "./start-sandbox.ts";
import { sshOf, unaskedSsh } from "./ssh-of.ts";
import { stopSandbox } from "./end-sandbox.ts";
import { homeVolume } from "./workload-container.ts";

export interface RecreateWork {
  readonly live: LiveSandbox;
  readonly changes: RecreateSandbox;
  /** Directories that other sandboxes may write. */
  readonly writable: readonly string[];
  /** Ends its sessions; called when nothing is refused any more. */
  readonly beforeStop: () => Promise<void>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What a record says of the Kits of its sandbox, for their profile. */
export function wantedOf({ request, gitIdentity, credentials = [] }: Pick<SandboxRecord, "request" | "gitIdentity" | "credentials">): WantedProfile {
  return { ...request, grantedSecrets: credentials.map(({ service }) => service), ...(gitIdentity === undefined ? {} : { identified: isWhole(gitIdentity) }) };
}

/**
 * Make a sandbox anew of its Kits as they are now, or of others: with new containers, a new home, and what is decided of its Kits
 * decided again. Its id, name, rules, packages, identity for commits and the volumes on disk of Kits stay; volumes that no Kit
 * asks for any more are kept beside. Install hooks do not run again, and what they made goes.
 *
 * Everything that can be refused is refused before anything is stopped.
 *
 * @throws AppError `KIT_CONFLICT`, `KIT_UNSUPPORTED`, `KIT_INVALID`, `BUILD_FAILED` and those of {@link startSandbox}
 */
export async function recreateSandbox(parts: SandboxParts, work: RecreateWork): Promise<void> {
  const { live, progress, signal } = work;
  // One that an older version made has none noted.
  const identity = live.record.gitIdentity ?? (await readIdentity(parts, live.record.request));
  const { request, profile } = await settle(parts, work, identity);
  refuseKitWithin(request, profile, work.writable);
  refuseVolumesWithin(request, profile);
  refuseShares(request, profile);
  const volumes = volumesAnew(live.record, profile.volumes);
  await openSkills(parts.skills, { ready: false, request }, profile.skills);
  const images = await parts.images();
  const gateImage = await progress.step("gate image", (line) => images.gate(line, signal));
  const made = await imageOf(parts, work, { request, profile });
  const account = await imageAccount(await parts.engine(), made.image, profile);
  const model = await modelOf(parts, live.record, { request, profile });
  signal.throwIfAborted();

  await work.beforeStop();
  await stopSandbox(parts, live);
  const engine = await parts.engine();
  await removeContainers(
    engine,
    (await containersOf(parts, engine, live.record.id)).filter(({ labels }) => !isOfAgent(labels)),
  );
  await engine.removeVolume(homeVolume(live.record));
  const { ownImage, gate: _gate, workload: _workload, shares: _shares, service: _service, ssh: _ssh, account: _account, credentials, ...before } = live.record;
  live.record = {
    ...before,
    ...made,
    ...account,
    homeDirectory: profile.home,
    ...volumes,
    request,
    gitIdentity: identity,
    ...sshOf(profile),
    ...model,
    ...grantedCredentials(parts, profile, credentials ?? []),
    profileRules: [...profile.rules],
    profileProtect: [...profile.protect],
    longRunning: profile.longRunning,
    selection: profile.selection,
    skipped: [...profile.skipped, ...skippedContexts(profile.contexts(request.workspace), request), ...unaskedSsh(request, profile)],
    kits: kitViews(profile),
    homeless: true,
  };
  parts.store.putSandbox(live.record);
  if (ownImage !== undefined) await engine.removeImage(ownImage);
  parts.record({ type: "sandbox.recreated", sandbox: live.record.id, fields: { name: live.record.name, agent: request.agent } });
  await engine.createVolume(homeVolume(live.record), labelsOf(parts.owner, live.record.id, "home"), live.record.volumeBytes);
  await makeKitVolumes(engine, parts, live.record);
  await startSandbox(parts, { live, profile, gateImage, progress, signal });
}

interface Settled {
  readonly request: SandboxRecord["request"];
  readonly profile: AgentProfile;
}

/** What is wanted of it now. Arguments that none of its Kits has any more are let go of, but for those that were given now. */
async function settle(parts: SandboxParts, { live: { record }, changes }: RecreateWork, gitIdentity: NonNullable<SandboxRecord["gitIdentity"]>): Promise<Settled> {
  const { agent, kits, args, reject } = changes;
  const composed = agent === undefined && kits === undefined ? record.request : { ...record.request, agent: agent ?? record.request.agent, kits: kits ?? [] };
  const wanted = { ...composed, args: { ...record.request.args, ...args }, ...(reject === undefined ? {} : { reject }) };
  const { grantedSecrets: _asBefore, ...anew } = wantedOf({ request: wanted, gitIdentity });
  const profile = await parts.profile({ ...anew, given: Object.keys(args) });
  return { profile, request: { ...wanted, args: Object.fromEntries(Object.entries(wanted.args).filter(([name]) => profile.args.includes(name))) } };
}

/** Whose model it uses: as before, unless its agent speaks to another service now. */
async function modelOf(
  parts: SandboxParts,
  { service, modelSource, placeholder }: SandboxRecord,
  { request, profile }: Settled,
): Promise<Pick<SandboxRecord, "service" | "modelSource" | "placeholder">> {
  if (profile.service === service) return { ...(service === undefined ? {} : { service }), modelSource, placeholder };
  return {
    ...(profile.service === undefined ? {} : { service: profile.service }),
    modelSource: await parts.modelSource(profile.service, request.model),
    placeholder: parts.newPlaceholder(profile.service),
  };
}

/** Its image without what install hooks made of it, and with the packages that its person installed. */
async function imageOf(parts: SandboxParts, { live: { record }, progress, signal }: RecreateWork, { request, profile }: Settled): Promise<Pick<SandboxRecord, "image" | "packages">> {
  const template = templateOf(parts, request);
  const image = await agentImage(parts, { request, profile, progress, signal }, template);
  const there = template?.packages ?? [];
  const packages = (record.packages ?? []).filter((one) => !there.includes(one));
  const bare = { image, packages: [...there] };
  if (packages.length === 0) return bare;
  const installed = await installPackages(parts, { record: { ...record, ...bare }, packages, progress, signal });
  return { image: installed.image, packages: installed.packages };
}
