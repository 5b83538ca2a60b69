import { EnabledServer, ServerConfig, ServerName } from "@sbx/contracts";
import * as z from "zod";
import { describeIssue } from "../document/describe-issue.ts";
import { readSource, type CatalogWarning } from "../document/read-source.ts";
import { mapOf } from "./read-docker-catalog.ts";
import type { ReadOptions } from "./servers-read.ts";

/** Values by the names of servers, and what was left out. */
export interface NamedRead<Value> {
  readonly values: ReadonlyMap<string, Value>;
  readonly warnings: readonly CatalogWarning[];
}

const Enabled = z
  .object({ config: ServerConfig.nullish() })
  .nullish()
  .transform((value) => value?.config ?? {});
const Config = ServerConfig.nullish().transform((value) => value ?? {});
const Tools = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? undefined);

/** Read Docker's `registry.yaml`, which says what is enabled: `registry: {<server>: {ref, config}}`. @throws AppError `CATALOG_INVALID` */
export function readRegistry(text: string, { file = "registry.yaml" }: ReadOptions = {}): NamedRead<ServerConfig> {
  return readNamed(text, { file, under: "registry", schema: Enabled });
}

/** Read Docker's `config.yaml`: `{<server>: {…}}`. @throws AppError `CATALOG_INVALID` */
export function readServerConfigs(text: string, { file = "config.yaml" }: ReadOptions = {}): NamedRead<ServerConfig> {
  return readNamed(text, { file, schema: Config });
}

/** Read Docker's `tools.yaml`: `{<server>: [tool, …]}`; a server that is not there offers all of its tools. @throws AppError `CATALOG_INVALID` */
export function readServerTools(text: string, { file = "tools.yaml" }: ReadOptions = {}): NamedRead<readonly string[] | undefined> {
  return readNamed(text, { file, schema: Tools });
}

interface NamedForm<Value> {
  readonly file: string;
  readonly under?: string;
  readonly schema: z.ZodType<Value>;
}

function readNamed<Value>(text: string, { file, under, schema }: NamedForm<Value>): NamedRead<Value> {
  const source = readSource(text, file);
  const path = under === undefined ? [] : [under];
  const top = new Map(mapOf(source, [], source.value));
  const values = new Map<string, Value>();
  const warnings: CatalogWarning[] = [];
  for (const [name, value] of under === undefined ? top : mapOf(source, path, top.get(under))) {
    const named = ServerName.safeParse(name);
    const parsed = schema.safeParse(value);
    if (named.success && parsed.success) values.set(name, parsed.data);
    else warnings.push(source.warn([...path, name], `"${name}" is left out: ${named.success ? (parsed.success ? "" : describeIssue(parsed.error).message) : "it is no name of a server"}`, name));
  }
  return { values, warnings };
}

/** What Docker's three files say together. Configuration of `config.yaml` goes before that of `registry.yaml`. */
export function enabledServers({
  registry,
  configs,
  tools,
}: {
  readonly registry: NamedRead<ServerConfig>;
  readonly configs?: NamedRead<ServerConfig>;
  readonly tools?: NamedRead<readonly string[] | undefined>;
}): readonly EnabledServer[] {
  return [...registry.values].map(([name, config]) => {
    const offered = tools?.values.get(name);
    return EnabledServer.parse({ name, config: { ...config, ...configs?.values.get(name) }, ...(offered === undefined ? {} : { tools: offered }) });
  });
}
