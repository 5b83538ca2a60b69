import { workspaceRequest, type SandboxParts, type SandboxRecord, type WorkspaceRequest } from "@sbx/core";

/** The workspace as a sandbox has it, with what the engine's ids are on this machine. */
export async function workspaceSeenBy(parts: Pick<SandboxParts, "engine" | "images" | "files" | "ids">, record: SandboxRecord): Promise<WorkspaceRequest> {
  const { signal } = new AbortController();
  const gateImage = await (await parts.images()).gate(() => undefined, signal);
  const ids = await parts.ids.of({ engine: await parts.engine(), gateImage, sandbox: record.id, signal });
  return { ...(await workspaceRequest(parts, record)), ids };
}
