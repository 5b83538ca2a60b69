import type { SharedDirectory } from "@sbx/contracts";

/** A directory that a Kit wants to share among its sandboxes. */
export interface WantedShare {
  /** Where the Kit lies, which is who it is: no other Kit can say so of itself. */
  readonly kit: string;
  /** Its place in a sandbox, absolute and clean. */
  readonly path: string;
  /** What a new directory is given. */
  readonly mode: number;
  /** To whom a new directory belongs on the host. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** Directories of this machine that Kits share among their sandboxes, kept by the daemon whichever of those are there. */
export interface SharedDirectories {
  /** The directory of this Kit and path, made if it is not there; owner and mode are given then and never again. */
  open(wanted: WantedShare): Promise<{ readonly id: string; readonly directory: string }>;
  list(): Promise<readonly SharedDirectory[]>;
  /** Take one away with all that is in it, unless it is used. */
  remove(id: string, isUsed: () => boolean): Promise<"removed" | "used" | "unknown">;
}
