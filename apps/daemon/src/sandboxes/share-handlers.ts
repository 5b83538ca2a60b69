import { AppError, type Handlers } from "@sbx/contracts";
import type { SandboxService, SharedDirectories } from "@sbx/core";

export type ShareHandlers = Pick<Handlers, "listShared" | "removeShared">;

/** Answers about directories that Kits share. One that a sandbox has stays: who may write it could lead its removal elsewhere. */
export function shareHandlers({ shares, sandboxes }: { readonly shares: SharedDirectories; readonly sandboxes: Pick<SandboxService, "list"> }): ShareHandlers {
  return {
    listShared: async () => [...(await shares.list())],
    async removeShared({ id }) {
      const users = (): readonly string[] => sandboxes.list().flatMap(({ record }) => (record.shares?.includes(id) === true ? [record.name] : []));
      const outcome = users().length > 0 ? "used" : await shares.remove(id, () => users().length > 0);
      if (outcome === "removed") return { done: true };
      if (outcome === "unknown") throw new AppError("PATH_NOT_FOUND", { message: `There is no shared directory ${id}`, fix: "Those that are there: sbx kit shared ls" });
      throw new AppError("SANDBOX_BUSY", { message: `Sandboxes have the shared directory ${id}: ${users().join(", ")}`, fix: "Remove them first with: sbx rm NAME" });
    },
  };
}
