import { AppError } from "@sbx/contracts";

/** Version of {@link SandboxRecord} and {@link SessionRecord} that this program writes. */
export const RECORD_VERSION = 1;

/**
 * Refuse what a newer version wrote, before anything is done with what is kept: whoever takes it for unreadable would
 * remove what it stands for. `what` begins the message.
 *
 * @throws AppError `STATE_NEWER`
 */
export function refuseNewer(what: string, { version, known }: { readonly version: number; readonly known: number }): void {
  if (version <= known) return;
  throw new AppError("STATE_NEWER", {
    message: `${what} was written by a newer sbx (version ${version}; this one knows ${known}). Nothing was changed`,
    fix: "Use the newer sbx again; or give this one a state directory of its own with: SBX_STATE_DIR=DIRECTORY",
    details: { version, known },
  });
}

/** The same for a record, whose version stands in it. */
export function refuseNewerRecord(what: string, record: unknown): void {
  const version = typeof record === "object" && record !== null && "version" in record ? record.version : undefined;
  if (typeof version === "number") refuseNewer(what, { version, known: RECORD_VERSION });
}
