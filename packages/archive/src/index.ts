export { checkedTar } from "./checked-tar.ts";
export { extractTree, type ExtractReport, type ExtractTree } from "./extract-tree.ts";
export { HeldDirectory, type EntryKind } from "./held-directory.ts";
export { type LeftOut } from "./left-out.ts";
export { DEFAULT_LIMITS, type ArchiveLimits } from "./limits.ts";
export { openHostPath, type HostPath } from "./open-host-path.ts";
export { packTree, type PackedTree, type PackTree } from "./pack-tree.ts";
