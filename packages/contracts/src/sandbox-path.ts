import * as z from "zod";
import { SandboxRef } from "./ids.ts";
import { Problem } from "./problem.ts";

/**
 * A path in a sandbox, as people write it: absolute, relative to the workspace, or beginning with `~/` for the home.
 * `/.` at its end means what is in the directory, not the directory.
 */
export const PathInSandbox = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes("\0"), "a path has no zero in it");

/** Names a place in a sandbox; with `follow`, what a link at its end leads to. */
export const OfPath = z.strictObject({ sandbox: SandboxRef, path: PathInSandbox, follow: z.stringbool().default(false) });

/** What lies at a path of a sandbox. */
export const PathView = z.object({
  /** Absolute and plain. */
  path: z.string(),
  kind: z.enum(["file", "directory", "link", "other", "missing"]),
  /** Of what is there: bytes, permission bits, and when it was changed. */
  sizeBytes: z.number().int().nonnegative().optional(),
  mode: z.number().int().nonnegative().optional(),
  modifiedAt: z.iso.datetime().optional(),
});
export type PathView = z.infer<typeof PathView>;

/** How the transfer of a tar stream ended in the sandbox. */
export const ArchiveEnd = z.object({
  /** What the sandbox's own tar said of things that it left out, or that changed meanwhile. */
  warning: z.string().optional(),
  /** Why the stream is not whole. */
  problem: Problem.optional(),
});
export type ArchiveEnd = z.infer<typeof ArchiveEnd>;

/** Trailer of the stream in which a sandbox's files come: an {@link ArchiveEnd} as JSON in base64. Without it the stream is not whole. */
export const ARCHIVE_END = "sbx-end";

/** File inside in which web addresses stand that the person at the machine is asked to open. Whatever is in it, the sandbox wrote it. */
export const ASKED_ADDRESSES = "/tmp/.sbx-open";

/** File inside with the text that the person at the machine is asked to take into the clipboard. Whatever is in it, the sandbox wrote it. */
export const COPIED_TEXT = "/tmp/.sbx-copied";

/** Where the image that its person gave a sandbox last lies in the home, without the end of its name. */
export const PASTED_IMAGE = ".sbx-pasted/latest";
