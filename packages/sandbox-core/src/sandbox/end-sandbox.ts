import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { stopContainers } from "./start-sandbox.ts";
import { homeVolume } from "./workload-container.ts";

/** Stop everything of a sandbox and give the workspace back; its containers and home stay. */
export async function stopSandbox(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  await stopContainers(parts, live);
  await release(parts, live);
  parts.store.putSandbox(live.record);
  parts.record({ type: "sandbox.stopped", sandbox: live.record.id, fields: { name: live.record.name } });
}

/** Remove a sandbox with everything that was made for it. Safe to call again after a crash half way. */
export async function endSandbox(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  const engine = await parts.engine();
  await stopContainers(parts, live);
  for (const id of [live.record.workload, live.record.gate]) if (id !== undefined) await engine.remove(id);
  await release(parts, live);
  await engine.removeVolume(homeVolume(live.record));
  await parts.files.remove(live.record.id);
  parts.store.removeSandbox(live.record.id);
  parts.record({ type: "sandbox.removed", sandbox: live.record.id, fields: { name: live.record.name } });
}

async function release(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  await parts.workspace.release({ id: live.record.id, directory: await parts.files.workspaceDirectory(live.record.id) });
}

