import type { EnabledServer, ServerEntry, ServerProfile } from "@sbx/contracts";
import { stringify } from "yaml";
import { CATALOG_VERSION } from "../read/read-catalog.ts";
import { isEmpty, withoutEmpty } from "./without-empty.ts";

/** A catalog to be written. */
export interface CatalogText {
  readonly title?: string;
  readonly servers: readonly ServerEntry[];
}

/** Write a catalog in our own form, which loses nothing. What is as it would be anyway is left out. */
export function writeCatalog({ title, servers }: CatalogText): string {
  return toYaml({ version: CATALOG_VERSION, ...(title === undefined ? {} : { title }), servers: servers.map((entry) => withoutEmpty(entry)) });
}

/** Write a profile in our own form. */
export function writeProfile({ version, id, name, servers }: ServerProfile): string {
  return toYaml({ version, id, name, servers: servers.map((server) => enabled(server)) });
}

function enabled({ name, config, tools }: EnabledServer): object {
  return { name, ...(isEmpty(config) ? {} : { config }), ...(tools === undefined ? {} : { tools }) };
}

/** YAML as our reader takes it back: no anchors, no lines broken by length. */
export function toYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, version: "1.2", schema: "core" });
}
