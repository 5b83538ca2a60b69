import { EnabledServer, ServerProfile, type ServerEntry } from "@sbx/contracts";
import * as z from "zod";
import { describeIssue } from "../document/describe-issue.ts";
import { readSource, type CatalogWarning, type DocumentSource } from "../document/read-source.ts";
import { readSnapshot } from "./read-catalog-document.ts";
import { mapOf } from "./read-docker-catalog.ts";
import type { ReadOptions } from "./servers-read.ts";

/** A profile that was read. */
export interface ProfileRead {
  readonly profile: ServerProfile;
  /** What the profile's own snapshots say of its servers. Who wrote the profile wrote them: a catalog goes before them. */
  readonly servers: readonly ServerEntry[];
  readonly warnings: readonly CatalogWarning[];
}

/** One server in Docker's form, beside what it runs. `tools: null` is all of them. */
const ProfileServer = z.object({ config: z.record(z.string(), z.json()).nullish(), tools: z.array(z.string()).nullish() });

/**
 * Read a profile: `{version: 1, id, name, servers}` with servers in our form (`{name, config, tools}`) or in Docker's
 * (`{type, image, config, tools, snapshot}`). A broken server is left out with a warning. References to stores of
 * secrets are not carried over: which secrets a server gets is never a profile's to say.
 *
 * @throws AppError `CATALOG_INVALID` with file, line and column. Nothing else.
 */
export function readProfile(text: string, { file = "profile.yaml" }: ReadOptions = {}): ProfileRead {
  const source = readSource(text, file);
  const fields = new Map(mapOf(source, [], source.value));
  const items = fields.get("servers") ?? [];
  if (!Array.isArray(items)) throw source.refuse(["servers"], "servers must be a list");
  const reads = items.map((item: unknown, index) => readServer(source, index, item));
  const byName = new Map(reads.flatMap(({ enabled }) => (enabled === undefined ? [] : [[enabled.name, enabled] as const])));
  const parsed = ServerProfile.safeParse({ version: fields.get("version"), id: fields.get("id"), name: fields.get("name"), servers: [...byName.values()] });
  if (!parsed.success) {
    const { path, message } = describeIssue(parsed.error);
    throw source.refuse(path.slice(0, 1), message);
  }
  return { profile: parsed.data, servers: reads.flatMap(({ entry }) => (entry === undefined ? [] : [entry])), warnings: reads.flatMap(({ warnings }) => warnings) };
}

interface ServerRead {
  readonly enabled?: EnabledServer;
  readonly entry?: ServerEntry;
  readonly warnings: readonly CatalogWarning[];
}

function readServer(source: DocumentSource, index: number, item: unknown): ServerRead {
  const path = ["servers", index];
  const refused = (message: string): ServerRead => ({ warnings: [source.warn(path, `server ${index + 1} is left out: ${message}`)] });
  if (typeof item !== "object" || item === null || !("snapshot" in item)) {
    const enabled = EnabledServer.safeParse(item);
    return enabled.success ? { enabled: enabled.data, warnings: [] } : refused(describeIssue(enabled.error).message);
  }
  const settings = ProfileServer.safeParse(item);
  if (!settings.success) return refused(describeIssue(settings.error).message);
  const { entry, warnings } = readSnapshot(source, path, item);
  if (entry === undefined) return { warnings };
  const { config, tools } = settings.data;
  return { enabled: { name: entry.name, config: config ?? {}, ...(tools === null || tools === undefined ? {} : { tools }) }, entry, warnings };
}
