import { AppError } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { Engine, EngineId, Mount } from "../ports/engine.ts";
import { groupFile, hostsFile, passwdFile, resolverFile } from "./account-files.ts";
import { hookContainer } from "./hook-container.ts";
import { refuseLinkedPlaces } from "./kit-volumes.ts";
import { containerName, labelsOf } from "./labels.ts";
import { WORKLOAD_FILES } from "./pod-containers.ts";
import { giveVolumes, setUpHome } from "./prepare-home.ts";
import type { Progress } from "./progress.ts";
import { quote } from "./quote.ts";
import { readAccounts } from "./read-accounts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { makeHomePlaces } from "./share-mounts.ts";
import type { SandboxSkills } from "./skills.ts";
import { waitForAll } from "./wait-for-all.ts";
import { accountOf } from "./workload-container.ts";

/** What hooks are run apart from a sandbox for, and with. */
export interface HookWork {
  readonly engine: Engine;
  readonly live: LiveSandbox;
  readonly profile: AgentProfile;
  readonly skills: SandboxSkills;
  /** Directories that its Kits share. */
  readonly shared: readonly Mount[];
  /** How hooks find the SSH agent of their phase. */
  readonly ssh?: readonly Mount[];
  /** Whom hooks trust, where the wall looks at their requests. */
  readonly trust?: readonly Mount[];
  readonly gateImage: EngineId;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A container of hooks that runs. Disposing removes it, with everything that hooks left running. */
export interface OpenHookContainer extends AsyncDisposable {
  readonly id: EngineId;
}

/**
 * Make the container in which hooks run before the sandbox does, with the home set up as the sandbox will have it. Without a
 * gate it has no network. `fresh`: its home and volumes are still to be given to the sandbox's user.
 *
 * @throws AppError `HOOK_FAILED`, `KIT_UNSUPPORTED`, `ENGINE_FAILED`
 */
export async function openHookContainer(parts: SandboxParts, work: HookWork, { gate, fresh }: { readonly gate: EngineId | undefined; readonly fresh: boolean }): Promise<OpenHookContainer> {
  const { engine, live, shared, signal } = work;
  const { record } = live;
  await using scope = new AsyncDisposableStack();
  const id = await createHookContainer(parts, work, gate);
  scope.defer(() => engine.remove(id));
  if (fresh) await giveVolumes(parts, work);
  await makeHomePlaces(parts, work, shared);
  await refuseLinkedPlaces(engine, id, [...(record.volumes ?? []).map(({ path }) => path), ...shared.map(({ target }) => target)]);
  await engine.start(id, signal);
  await writeAccounts(engine, { container: id, record, signal });
  await setUpHome({ ...work, container: id });
  const whole = scope.move();
  return { id, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

async function createHookContainer(
  parts: SandboxParts,
  { engine, live: { record }, skills, shared, ssh = [], trust = [], gateImage, signal }: HookWork,
  gate: EngineId | undefined,
): Promise<EngineId> {
  const holdProgram = await parts.files.holdProgram(gateImage);
  const files = {
    hosts: await parts.files.write(record.id, WORKLOAD_FILES.hosts, hostsFile(containerName(record), record.name)),
    resolver: await parts.files.write(record.id, WORKLOAD_FILES.resolver, resolverFile()),
  };
  return engine.create(hookContainer({ record, labels: labelsOf(parts.owner, record.id, "hooks"), gate, holdProgram, shown: [...skills.mounts, ...shared, ...ssh, ...trust], files }), signal);
}

/** The accounts as the workload will have them: by its name the agent's user has the same number in both. Not mounted, so that hooks can add users. */
async function writeAccounts(engine: Engine, { container, record, signal }: { readonly container: EngineId; readonly record: SandboxRecord; readonly signal: AbortSignal }): Promise<void> {
  const account = accountOf(record);
  const [passwd, group] = await waitForAll([readAccounts(engine, record.image, "/etc/passwd"), readAccounts(engine, record.image, "/etc/group")]);
  const write = (text: string, file: string): string => `printf %s ${quote(Buffer.from(text).toString("base64"))} | base64 -d > ${file}`;
  const script = `set -e\n${write(passwdFile(passwd, account), "/etc/passwd")}\n${write(groupFile(group, account), "/etc/group")}`;
  const { exitCode, stderr } = await engine.run(container, { command: ["/bin/sh", "-c", script], env: {}, user: "0:0", workdir: "/" }, signal);
  if (exitCode === 0) return;
  throw new AppError("HOOK_FAILED", {
    message: `The container of the hooks could not be set up: ${stderr.trim().slice(-500)}`,
    fix: "Hooks need /bin/sh and base64 in the image; put them there in the Dockerfile.",
  });
}
