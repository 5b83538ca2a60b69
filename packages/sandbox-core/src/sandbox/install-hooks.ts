import type { AgentProfile } from "../kit/profile.ts";
import type { Engine, EngineId } from "../ports/engine.ts";
import { sshVariables } from "../ports/ssh-agents.ts";
import { installTrustMounts } from "./trust-mounts.ts";
import { containerName, LABELS } from "./labels.ts";
import { openHookContainer, type HookWork } from "./open-hook-container.ts";
import { profileFacts } from "./prepare-home.ts";
import { runHook } from "./run-hook.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { accountName, workloadEnvironment } from "./workload-container.ts";

/**
 * Run the install hooks of a new sandbox in a container of their own, where a hook is root's or its Kits give them a
 * network of their own, or the sandbox something of its person's; others run in the sandbox. They run in their order, as root or as
 * the agent's user, with the home and without the workspace. What they changed in the image's files becomes the sandbox's image.
 *
 * When it resolves, everything that they started has ended and their network is gone.
 *
 * @returns whether the hooks ran
 * @throws AppError `HOOK_FAILED`, `POD_FAILED`, `ENGINE_FAILED`
 */
export async function runInstallHooks(parts: SandboxParts, work: HookWork): Promise<boolean> {
  if (work.live.record.ready || !runApart(work.profile)) return false;
  await work.progress.step("install hooks", () => installApart(parts, work));
  return true;
}

/** Those before a startup hook of root run apart as it does: it comes after them. What is granted is granted to each phase by itself, so they do not run where the agent does. */
function runApart({ hooks: { install, startup }, installRules, credentials, ssh }: AgentProfile): boolean {
  const isGiven = credentials.length > 0 || Object.keys(ssh).length > 0;
  return install.length > 0 && ([...install, ...startup].some(({ user }) => user === "root") || opensNetwork(installRules) || isGiven);
}

function opensNetwork(rules: AgentProfile["installRules"]): boolean {
  return rules.some(({ effect }) => effect === "allow");
}

async function installApart(parts: SandboxParts, work: HookWork): Promise<void> {
  const { engine, live, profile, signal } = work;
  const { record } = live;
  await using pod = opensNetwork(profile.installRules) ? await parts.installPods.open(record, { for: "install-hooks", rules: profile.installRules }, signal) : undefined;
  await using scope = new AsyncDisposableStack();
  const ssh = await parts.ssh.start(record, "install");
  scope.defer(() => parts.ssh.stop(record.id, "install"));
  const trust = await installTrustMounts(parts, engine, { record, rules: profile.installRules });
  const container = scope.use(await openHookContainer(parts, { ...work, ssh, trust }, { gate: pod?.gate, fresh: true }));
  const env = { ...workloadEnvironment(record, profile.environment(profileFacts(record), "install")), ...sshVariables(ssh), HOSTNAME: containerName(record) };
  for (const hook of profile.hooks.install) await runHook(engine, { container: container.id, hook, record, env, limitMs: parts.hookLimitMs, signal });
  // Whatever they left running ends before anything is kept.
  await engine.stop(container.id, 0);
  signal.throwIfAborted();
  await keepImage(parts, { engine, live, container: container.id });
}

/** Make the sandbox's image of what the hooks left. It is remembered before it is there, so that a crash between leaves nothing. */
async function keepImage(parts: SandboxParts, { engine, live, container }: { readonly engine: Engine; readonly live: LiveSandbox; readonly container: EngineId }): Promise<void> {
  const reference = `sbx/hooks:${live.record.id.slice(4)}`;
  live.record = { ...live.record, ownImage: reference };
  parts.store.putSandbox(live.record);
  // What an image says of itself is said of every container of it: those of others are not this sandbox's.
  const labels = { "dev.sbx.image": "hooks", [LABELS.owner]: "", [LABELS.sandbox]: "", [LABELS.role]: "" };
  live.record = { ...live.record, image: await engine.commit(container, { reference, labels, user: accountName(live.record) }) };
  parts.store.putSandbox(live.record);
}
