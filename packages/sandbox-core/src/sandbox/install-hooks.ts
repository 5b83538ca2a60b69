import { AppError } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { Engine, EngineId } from "../ports/engine.ts";
import { groupFile, hostsFile, passwdFile, resolverFile } from "./account-files.ts";
import { hookContainer } from "./hook-container.ts";
import { refuseLinkedPlaces } from "./kit-volumes.ts";
import { containerName, LABELS, labelsOf } from "./labels.ts";
import { WORKLOAD_FILES } from "./pod-containers.ts";
import { giveVolumes, profileFacts, quote, runHook, setUpHome } from "./prepare-home.ts";
import type { Progress } from "./progress.ts";
import { readAccounts } from "./read-accounts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { waitForAll } from "./wait-for-all.ts";
import { accountOf, workloadEnvironment } from "./workload-container.ts";

export interface InstallWork {
  readonly engine: Engine;
  readonly live: LiveSandbox;
  readonly profile: AgentProfile;
  readonly gateImage: EngineId;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Run the install hooks of a new sandbox in a container of their own, where one of them is root's or its Kits give them a
 * network of their own; others run in the sandbox. They run in their order, as root or as the agent's user, with the home and
 * without the workspace. What they changed in the image's files becomes the sandbox's image.
 *
 * When it resolves, everything that they started has ended and their network is gone.
 *
 * @returns whether the hooks ran
 * @throws AppError `HOOK_FAILED`, `POD_FAILED`, `ENGINE_FAILED`
 */
export async function runInstallHooks(parts: SandboxParts, work: InstallWork): Promise<boolean> {
  if (work.live.record.ready || !runApart(work.profile)) return false;
  await work.progress.step("install hooks", () => installApart(parts, work));
  return true;
}

function runApart({ hooks: { install }, installRules }: AgentProfile): boolean {
  return install.some(({ user }) => user === "root") || (install.length > 0 && opensNetwork(installRules));
}

function opensNetwork(rules: AgentProfile["installRules"]): boolean {
  return rules.some(({ effect }) => effect === "allow");
}

async function installApart(parts: SandboxParts, work: InstallWork): Promise<void> {
  const { engine, live, profile, signal } = work;
  const { record } = live;
  await using pod = opensNetwork(profile.installRules) ? await parts.installPods.open(record, { for: "install-hooks", rules: profile.installRules }, signal) : undefined;
  await using scope = new AsyncDisposableStack();
  const container = await createHookContainer(parts, work, pod?.gate);
  scope.defer(() => engine.remove(container));
  await giveVolumes(parts, work);
  await refuseLinkedPlaces(
    engine,
    container,
    (record.volumes ?? []).map(({ path }) => path),
  );
  await engine.start(container, signal);
  await writeAccounts(engine, { container, record, signal });
  await setUpHome(parts, { ...work, container });
  const env = { ...workloadEnvironment(record, profile.environment(profileFacts(record))), HOSTNAME: containerName(record) };
  for (const hook of profile.hooks.install) await runHook(engine, { container, hook, record, env, signal });
  // Whatever they left running ends before anything is kept.
  await engine.stop(container, 0);
  signal.throwIfAborted();
  await keepImage(parts, { engine, live, container });
}

async function createHookContainer(parts: SandboxParts, { engine, live: { record }, gateImage, signal }: InstallWork, gate: EngineId | undefined): Promise<EngineId> {
  const holdProgram = await parts.files.holdProgram(gateImage);
  const files = {
    hosts: await parts.files.write(record.id, WORKLOAD_FILES.hosts, hostsFile(containerName(record), record.name)),
    resolver: await parts.files.write(record.id, WORKLOAD_FILES.resolver, resolverFile()),
  };
  return engine.create(hookContainer({ record, labels: labelsOf(parts.owner, record.id, "hooks"), gate, holdProgram, files }), signal);
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
    message: `The container of the install hooks could not be set up: ${stderr.trim().slice(-500)}`,
    fix: "Hooks need /bin/sh and base64 in the image; put them there in the Dockerfile.",
  });
}

/** Make the sandbox's image of what the hooks left. It is remembered before it is there, so that a crash between leaves nothing. */
async function keepImage(parts: SandboxParts, { engine, live, container }: { readonly engine: Engine; readonly live: LiveSandbox; readonly container: EngineId }): Promise<void> {
  const reference = `sbx/hooks:${live.record.id.slice(4)}`;
  live.record = { ...live.record, ownImage: reference };
  parts.store.putSandbox(live.record);
  // What an image says of itself is said of every container of it: those of others are not this sandbox's.
  const labels = { "dev.sbx.image": "hooks", [LABELS.owner]: "", [LABELS.sandbox]: "", [LABELS.role]: "" };
  live.record = { ...live.record, image: await engine.commit(container, { reference, labels, user: "agent" }) };
  parts.store.putSandbox(live.record);
}
