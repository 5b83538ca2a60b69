import type { ServerEntry } from "@sbx/contracts";
import * as z from "zod";
import { describeIssue } from "../document/describe-issue.ts";
import type { CatalogWarning, DocumentPath, DocumentSource } from "../document/read-source.ts";
import { leftOut, type EntryRead } from "./check-entry.ts";
import { readDockerEntry, type DockerEntry } from "./docker-entry.ts";
import type { ServersRead } from "./servers-read.ts";

const Name = z.string();

/** One server of a catalog document or a profile: what to run, and what was known of it when it was put there. */
const SnapshotServer = z.object({
  type: z.enum(["image", "remote", "registry"]),
  image: z.string().nullish(),
  endpoint: z.string().nullish(),
  source: z.string().nullish(),
  snapshot: z.object({ server: z.record(z.string(), z.unknown()) }).nullish(),
});
type SnapshotServer = z.output<typeof SnapshotServer>;

/** Read `servers:[{type, image|endpoint|source, snapshot:{server}}]`, the form of catalogs that lie in registries. */
export function readCatalogDocument(source: DocumentSource, items: readonly unknown[]): ServersRead {
  const servers: ServerEntry[] = [];
  const warnings: CatalogWarning[] = [];
  for (const [index, item] of items.entries()) {
    const read = readSnapshot(source, ["servers", index], item);
    warnings.push(...read.warnings);
    if (read.entry !== undefined) servers.push(read.entry);
  }
  return { servers, warnings };
}

/** Read one of them. What it runs is the item's own image or endpoint, whatever its snapshot says. */
export function readSnapshot(source: DocumentSource, path: DocumentPath, item: unknown): EntryRead {
  const place = { source, path, name: `server ${Number(path.at(-1)) + 1}` };
  const parsed = SnapshotServer.safeParse(item);
  if (!parsed.success) return leftOut(place, describeIssue(parsed.error).message);
  const { snapshot, ...what } = parsed.data;
  if (snapshot === null || snapshot === undefined) return leftOut(place, "it has no snapshot, which alone says what it is called");
  const name = Name.safeParse(snapshot.server["name"]);
  if (!name.success) return leftOut(place, "its snapshot has no name");
  return readDockerEntry({ source, path: [...path, "snapshot", "server"], name: name.data }, snapshot.server, overrideOf(what, snapshot.server));
}

function overrideOf({ type, image, endpoint }: Omit<SnapshotServer, "snapshot">, server: Readonly<Record<string, unknown>>): Partial<DockerEntry> {
  if (type === "image" && typeof image === "string") return { type: "server", image, remote: undefined, source: undefined };
  if (type !== "remote" || typeof endpoint !== "string") return {};
  const remote = z.object({ transport_type: z.string().optional(), headers: z.record(z.string(), z.string()).optional() }).safeParse(server["remote"]);
  return { type: "remote", source: undefined, remote: { url: endpoint, transport: undefined, transport_type: remote.data?.transport_type, headers: remote.data?.headers } };
}
