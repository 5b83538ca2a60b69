import type { NamedRead } from "@sbx/catalog";
import { AppError, type EnabledServer, type GatewayOptions } from "@sbx/contracts";
import type { CatalogFiles } from "../catalogs/catalog-files.ts";
import { DEFAULT_PROFILE } from "../store/enabled-set.ts";
import type { ServerSets } from "../store/server-sets.ts";
import { serversOfState, STATE_READERS } from "../store/state-texts.ts";

interface Sources {
  readonly sets: ServerSets;
  readonly catalogs: Pick<CatalogFiles, "all" | "has">;
}

type Selecting = Pick<GatewayOptions, "profile" | "servers" | "allServers" | "catalogs" | "files">;

/**
 * From which servers the sessions of a gateway start. A profile and what is enabled are read anew for each session;
 * files that were named on the command line are what they were then.
 *
 * @throws AppError `PROFILE_UNKNOWN`, `SERVER_UNKNOWN`, `CATALOG_UNKNOWN`, `CONFIG_INVALID`
 */
export function gatewayBase({ profile, servers, allServers, catalogs: only, files }: Selecting, { sets, catalogs }: Sources): () => readonly EnabledServer[] {
  const unknown = only?.find((name) => !catalogs.has(name));
  if (unknown !== undefined)
    throw new AppError("CATALOG_UNKNOWN", { message: `There is no catalog "${unknown}"`, fix: "List the catalogs with: sbx mcp catalog ls; a file becomes one with: sbx mcp catalog import FILE" });
  const fromFiles = files === undefined ? undefined : serversOfFiles(files);
  const set = sets.get(profile ?? DEFAULT_PROFILE);
  const configured = (): readonly EnabledServer[] => fromFiles ?? set.profile().servers;
  const inCatalogs = (server: string): boolean => only === undefined || only.includes(catalogs.all().get(server)?.catalog ?? "");
  const missing = servers?.find((name) => !catalogs.all().has(name));
  if (missing !== undefined) throw new AppError("SERVER_UNKNOWN", { message: `No catalog has a server "${missing}"`, fix: `Look for it with: sbx mcp server search ${missing}` });
  return () => {
    const own = new Map(configured().map((server) => [server.name, server]));
    const names = allServers ? [...catalogs.all().keys()] : (servers ?? [...own.keys()]);
    return names.filter(inCatalogs).map((name) => own.get(name) ?? { name, config: {} });
  };
}

/** Of several files the later one counts for a server that both name. */
function serversOfFiles({ registry, config, tools }: NonNullable<GatewayOptions["files"]>): readonly EnabledServer[] {
  return serversOfState({
    registry: joined(registry.map((text, index) => STATE_READERS.registry(text, `--registry ${index + 1}`))),
    config: joined(config.map((text, index) => STATE_READERS.config(text, `--config ${index + 1}`))),
    tools: joined(tools.map((text, index) => STATE_READERS.tools(text, `--tools-config ${index + 1}`))),
  });
}

function joined<T>(reads: readonly NamedRead<T>[]): NamedRead<T> {
  return { values: new Map(reads.flatMap(({ values }) => [...values])), warnings: reads.flatMap(({ warnings }) => warnings) };
}
