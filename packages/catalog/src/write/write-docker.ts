import type { ServerEntry, ServerProfile } from "@sbx/contracts";
import type { CatalogText } from "./write-catalog.ts";
import { toYaml } from "./write-catalog.ts";
import { isEmpty, withoutEmpty } from "./without-empty.ts";

/** A text in Docker's form, and the servers that Docker's own gateway cannot run from it. */
export interface DockerText {
  readonly text: string;
  /** Sentences, one for each. */
  readonly warnings: readonly string[];
}

/**
 * Write a catalog in Docker's YAML of version 2 and 3. Servers from packages and bundles have no form there: they keep
 * their `source` under a key of ours, which sbx reads back and others pass over.
 */
export function writeDockerCatalog({ title, servers }: CatalogText): DockerText {
  const registry = Object.fromEntries(servers.map((entry) => [entry.name, dockerEntry(entry)]));
  return { text: toYaml({ ...(title === undefined ? {} : { displayName: title }), registry }), warnings: unknownToDocker(servers) };
}

/**
 * Write a profile in Docker's form, with a snapshot of each server as `find` has it.
 *
 * A server that `find` does not know is left out with a warning, because there it would have no name.
 */
export function writeDockerProfile({ id, name, servers }: ServerProfile, find: (name: string) => ServerEntry | undefined): DockerText {
  const found = servers.flatMap((server) => {
    const entry = find(server.name);
    return entry === undefined ? [] : [{ server, entry }];
  });
  const missing = servers.filter((server) => find(server.name) === undefined).map((server) => `"${server.name}" is left out: no catalog has it`);
  const items = found.map(({ server, entry }) => ({
    ...what(entry),
    ...(isEmpty(server.config) ? {} : { config: server.config }),
    secrets: "default",
    tools: server.tools ?? null,
    snapshot: { server: { name: entry.name, ...dockerEntry(entry) } },
  }));
  const text = toYaml({ version: 1, id, name, servers: items, secrets: { default: { provider: "docker-desktop-store" } } });
  return { text, warnings: [...missing, ...unknownToDocker(found.map(({ entry }) => entry))] };
}

function what({ source }: ServerEntry): Readonly<Record<string, string>> {
  if (source.kind === "image") return { type: "image", image: source.image };
  return source.kind === "remote" ? { type: "remote", endpoint: source.url } : { type: "registry" };
}

function dockerEntry(entry: ServerEntry): Readonly<Record<string, unknown>> {
  const { name: _name, source, secrets, metadata, ...rest } = entry;
  const { homepage, ...described } = metadata;
  return {
    ...dockerSource(source),
    ...withoutEmpty({
      ...rest,
      secrets: secrets.map((secret) => withoutRequired(secret)),
      metadata: { ...described, ...(homepage === undefined ? {} : { registryUrl: homepage }) },
    }),
  };
}

function withoutRequired({ required, ...secret }: ServerEntry["secrets"][number]): object {
  return required ? secret : { ...secret, required };
}

function dockerSource(source: ServerEntry["source"]): Readonly<Record<string, unknown>> {
  switch (source.kind) {
    case "image":
      return { type: "server", image: source.image };
    case "remote":
      return { type: "remote", remote: { url: source.url, transport_type: source.transport, ...(isEmpty(source.headers) ? {} : { headers: source.headers }) } };
    case "npm":
    case "pypi":
    case "bundle":
      return { type: "server", source };
  }
}

function unknownToDocker(servers: readonly ServerEntry[]): readonly string[] {
  return servers.filter(({ source }) => source.kind !== "image" && source.kind !== "remote").map(({ name, source }) => `"${name}" is from ${source.kind}, which Docker's gateway does not run`);
}
