import { createHash } from "node:crypto";
import { AUTHORITIES, needsAuthority } from "../kit/trust-variables.ts";
import type { Engine, Mount } from "../ports/engine.ts";
import { textOf } from "./context-mounts.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** Whether the wall can look at single requests of a sandbox, as its programs trust an authority of its own. */
export function looksAtRequests({ profileRules, credentials = [] }: Pick<SandboxRecord, "profileRules" | "credentials">): boolean {
  return needsAuthority({ rules: profileRules, credentials });
}

/**
 * Where the wall looks at a sandbox's requests, its programs have to trust an authority of the sandbox's own: it is shown after
 * those of the image, read-only. Nothing is made for other sandboxes.
 */
export async function trustMounts({ files, authorities }: Pick<SandboxParts, "files" | "authorities">, engine: Engine, record: SandboxRecord): Promise<readonly Mount[]> {
  if (!looksAtRequests(record)) return [];
  const text = await authorities.bundle(record.id, await textOf(engine, record.image, AUTHORITIES));
  // Its name tells what is in it: another text needs another container.
  const name = `authorities-${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
  return [{ kind: "bind", source: await files.write(record.id, name, text), target: AUTHORITIES, readonly: true }];
}
