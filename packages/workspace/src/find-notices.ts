import type { WorkspaceNotice } from "@sbx/contracts";
import { CREDENTIAL_BYTES, credentialByName } from "@sbx/core";
import { readIn } from "./open-place.ts";
import { targetOf, type Base } from "./plan.ts";
import type { TreeScan } from "./scan-tree.ts";

const MAX_CREDENTIALS = 40;

/** What a person should know about a base before an agent sees it. `hidden`: what the agent does not see anyhow. */
export function findNotices({ base, scan, hidden }: { readonly base: Base; readonly scan: TreeScan; readonly hidden: (path: string) => boolean }): readonly WorkspaceNotice[] {
  const notices: WorkspaceNotice[] = [];
  for (const path of scan.credentials) {
    const target = targetOf({ base, path });
    const found = credentialByName(path);
    if (found === undefined || hidden(target) || notices.length >= MAX_CREDENTIALS) continue;
    if (found.confirm !== undefined && !found.confirm(readIn(base.place, path, CREDENTIAL_BYTES) ?? "")) continue;
    notices.push({ kind: "credential", path: target, message: `looks like ${found.what}, which the agent can read; hide it with --hide ${quote(path)}` });
  }
  for (const path of scan.gitLinks)
    notices.push({
      kind: "protected-link",
      path: targetOf({ base, path }),
      message: "is a symbolic link, so the agent can replace it; git does not work through it inside when it leads out of the workspace",
    });
  if (scan.unnameable > 0) notices.push({ kind: "nested-unprotected", path: base.path, message: `holds ${scan.unnameable} names with control characters, which cannot be protected` });
  if (scan.truncated) notices.push({ kind: "other", path: base.path, message: "is too large to be looked at whole: repositories, sockets and credentials deep in it may have been missed" });
  return notices;
}

function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/u.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
