import { enabledServers, readRegistry, readServerConfigs, readServerTools, type NamedRead } from "@sbx/catalog";
import { AppError, type EnabledServer, type ServerConfig } from "@sbx/contracts";

/** What the three files of what is enabled say. */
export interface StateTexts {
  readonly registry: NamedRead<ServerConfig>;
  readonly config: NamedRead<ServerConfig>;
  readonly tools: NamedRead<readonly string[] | undefined>;
}

/** Readers of the three files, by name. Each throws an AppError that begins with file and line. */
export const STATE_READERS: { readonly [K in keyof StateTexts]: (text: string, file: string) => StateTexts[K] } = {
  registry: (text, file) => readRegistry(orEmpty(text), { file }),
  config: (text, file) => readServerConfigs(orEmpty(text), { file }),
  tools: (text, file) => strict(readServerTools(orEmpty(text), { file })),
};

/** The enabled servers with their configuration and their tools. */
export function serversOfState({ registry, config, tools }: StateTexts): readonly EnabledServer[] {
  return enabledServers({ registry, configs: config, tools });
}

/** No text is no servers. */
function orEmpty(text: string): string {
  return text.trim() === "" ? "{}" : text;
}

/** A choice of tools that cannot be read must not be taken for none: none is all of them. */
function strict<T>(read: NamedRead<T>): NamedRead<T> {
  const first = read.warnings[0];
  if (first === undefined) return read;
  throw new AppError("CONFIG_INVALID", { message: `${first.file}:${first.line}: ${first.message}`, fix: "Correct the line: a list of names of tools for each server." });
}
