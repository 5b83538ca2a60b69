import { removeKitVolumes } from "./kit-volumes.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { containersOf, removeContainers } from "./pod-containers.ts";
import { releaseWorkspace, stopContainers } from "./start-sandbox.ts";
import { waitForAll } from "./wait-for-all.ts";
import { homeVolume } from "./workload-container.ts";

/** Stop everything of a sandbox and give the workspace back; its containers and home stay. */
export async function stopSandbox(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  await stopContainers(parts, live);
  await parts.stopped(live.record.id);
  await releaseWorkspace(parts, live);
  parts.store.putSandbox(live.record);
  parts.record({ type: "sandbox.stopped", sandbox: live.record.id, fields: { name: live.record.name } });
}

/** Remove a sandbox with everything that was made for it, also what is not remembered. Safe to call again after a crash half way. */
export async function endSandbox(parts: SandboxParts, live: LiveSandbox): Promise<void> {
  const engine = await parts.engine();
  await parts.ports.close(live.record.id);
  await parts.ssh.stop(live.record.id);
  await parts.docker.stop(live.record);
  await live.pod?.[Symbol.asyncDispose]();
  live.pod = undefined;
  live.running = false;
  await removeContainers(engine, await containersOf(parts, engine, live.record.id), async () => {
    await parts.stopped(live.record.id);
    await waitForAll([parts.docker.remove(live.record), releaseWorkspace(parts, live), engine.removeVolume(homeVolume(live.record)), removeKitVolumes(engine, parts, live.record)]);
  });
  // Images that were made of it keep what they need of it.
  if (live.record.ownImage !== undefined) await engine.removeImage(live.record.ownImage);
  await parts.files.remove(live.record.id);
  parts.store.removeSandbox(live.record.id);
  await parts.ended(live.record.id);
  parts.record({ type: "sandbox.removed", sandbox: live.record.id, fields: { name: live.record.name } });
}
