import { createHash } from "node:crypto";
import type { Rule } from "@sbx/contracts";
import { ofPhase } from "../kit/host-credential.ts";
import { AUTHORITIES, needsAuthority } from "../kit/trust-variables.ts";
import type { Engine, Mount } from "../ports/engine.ts";
import { textOf } from "./context-mounts.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

type TrustParts = Pick<SandboxParts, "files" | "authorities">;

/** Whether the wall can look at single requests of a sandbox, as its programs trust an authority of its own. */
export function looksAtRequests({ profileRules, credentials = [] }: Pick<SandboxRecord, "profileRules" | "credentials">): boolean {
  return needsAuthority({ rules: profileRules, credentials: ofPhase(credentials, "runtime") });
}

/**
 * Where the wall looks at a sandbox's requests, its programs have to trust an authority of the sandbox's own: it is shown after
 * those of the image, read-only. Nothing is made for other sandboxes.
 */
export async function trustMounts(parts: TrustParts, engine: Engine, record: SandboxRecord): Promise<readonly Mount[]> {
  return looksAtRequests(record) ? await authorityMounts(parts, engine, record) : [];
}

/** The same for the container of install hooks, by what is granted for them. */
export async function installTrustMounts(parts: TrustParts, engine: Engine, { record, rules }: { readonly record: SandboxRecord; readonly rules: readonly Rule[] }): Promise<readonly Mount[]> {
  return needsAuthority({ rules, credentials: ofPhase(record.credentials ?? [], "install") }) ? await authorityMounts(parts, engine, record) : [];
}

async function authorityMounts({ files, authorities }: TrustParts, engine: Engine, record: SandboxRecord): Promise<readonly Mount[]> {
  const text = await authorities.bundle(record.id, await textOf(engine, record.image, AUTHORITIES));
  // Its name tells what is in it: another text needs another container.
  const name = `authorities-${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
  return [{ kind: "bind", source: await files.write(record.id, name, text), target: AUTHORITIES, readonly: true }];
}
