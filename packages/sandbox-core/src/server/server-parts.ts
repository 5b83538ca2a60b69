import type { RecordEvent, SandboxId, ServerPodId } from "@sbx/contracts";
import type { Engine } from "../ports/engine.ts";
import type { ImageMaker, WorkspaceRequest } from "../ports/host.ts";
import type { ServerFiles, ServerNetwork, ServerWorkspace } from "../ports/server-host.ts";
import { LABELS, type ServerRole } from "../sandbox/labels.ts";

/** Everything that servers' pods need of the world. */
export interface ServerParts {
  /** Rejects with `ENGINE_UNREACHABLE` while there is none. */
  readonly engine: () => Promise<Engine>;
  readonly images: () => Promise<Pick<ImageMaker, "gate">>;
  readonly network: ServerNetwork;
  readonly files: ServerFiles;
  readonly workspace: ServerWorkspace;
  /** The workspace as a sandbox has it. @throws AppError `SANDBOX_NOT_FOUND` */
  readonly workspaceOf: (sandbox: SandboxId) => Promise<WorkspaceRequest>;
  readonly owner: string;
  readonly newId: () => ServerPodId;
  readonly record: RecordEvent;
  /** Whether a gate is kept ready for the next server; it is not unless this is `true`. */
  readonly spareGates?: boolean;
}

/** Whom a server works for, and its name. */
export interface ServedBy {
  readonly sandbox: SandboxId | undefined;
  readonly server: string;
}

export function serverLabels(owner: string, role: ServerRole, { id, sandbox, server }: ServedBy & { readonly id?: ServerPodId }): Record<string, string> {
  return { [LABELS.owner]: owner, [LABELS.role]: role, [LABELS.server]: server, [LABELS.serves]: sandbox ?? "host", ...(id === undefined ? {} : { [LABELS.pod]: id }) };
}
