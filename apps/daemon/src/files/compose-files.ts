import { SessionId, type RecordEvent } from "@sbx/contracts";
import { createSessionRunner, FilesInside, type Engine, type SandboxService, type SessionService } from "@sbx/core";
import { keepFirst } from "../keep-first.ts";
import { randomId } from "../random-id.ts";
import { createArchiveServer, type ArchiveParts, type ServeArchive } from "./serve-archives.ts";

export interface ComposeFiles {
  readonly engine: () => Promise<Engine>;
  readonly record: RecordEvent;
  readonly sandboxes: SandboxService;
  readonly sessions: SessionService;
}

/** How the files of sandboxes are looked at, read and written. */
export interface SandboxFileAccess {
  readonly files: FilesInside;
  readonly within: ArchiveParts["within"];
  readonly archive: ServeArchive;
}

/** Files of sandboxes over the sandboxes of a daemon. */
export function composeFiles({ engine, record, sandboxes, sessions }: ComposeFiles): SandboxFileAccess {
  const runner = keepFirst(async () => createSessionRunner({ exec: await engine() }));
  const files = new FilesInside({ engine, runner, record, newId: () => SessionId.parse(randomId("ses_")) });
  const within: ArchiveParts["within"] = (ref, signal, work) =>
    sessions.hold(sandboxes.get(ref).record.id, async () => {
      const live = await sandboxes.start(ref, { operation: randomId("op_"), signal });
      try {
        return await work(live);
      } finally {
        sessions.idle(live);
      }
    });
  return { files, within, archive: createArchiveServer({ files, within }) };
}
