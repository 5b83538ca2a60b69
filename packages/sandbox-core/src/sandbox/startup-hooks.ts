import { sshVariables } from "../ports/ssh-agents.ts";
import { containerName } from "./labels.ts";
import { openHookContainer, type HookWork } from "./open-hook-container.ts";
import { profileFacts } from "./prepare-home.ts";
import { runHook } from "./run-hook.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import { needsHome } from "./sandbox-record.ts";
import { workloadEnvironment } from "./workload-container.ts";

/**
 * Run the startup hooks of root at a start, in a container that lives for that time only, before anything of the sandbox runs.
 * It has the sandbox's image, home and volumes, no network and nothing of the workspace; what a hook changes elsewhere goes
 * with it. Those of the agent's user follow in the sandbox.
 *
 * @returns whether there were any: then the home is set up
 * @throws AppError `HOOK_FAILED`, `ENGINE_FAILED`
 */
export async function runRootStartup(parts: SandboxParts, work: HookWork, { installed }: { readonly installed: boolean }): Promise<boolean> {
  const hooks = work.profile.hooks.startup.filter(({ user }) => user === "root");
  if (hooks.length === 0) return false;
  await work.progress.step("startup hooks", async () => {
    const { engine, live, profile, ssh = [], signal } = work;
    await using container = await openHookContainer(parts, work, { gate: undefined, fresh: needsHome(live.record) && !installed });
    const { record } = live;
    const env = { ...workloadEnvironment(record, profile.environment(profileFacts(record))), ...sshVariables(ssh), HOSTNAME: containerName(record) };
    for (const hook of hooks) await runHook(engine, { container: container.id, hook, record, env, limitMs: parts.hookLimitMs, signal });
  });
  return true;
}
