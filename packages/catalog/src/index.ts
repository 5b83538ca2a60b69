export type { CatalogWarning } from "./document/read-source.ts";
export { checkConfig, type ConfigProblem } from "./plan/check-config.ts";
export { planServer } from "./plan/plan-server.ts";
export type { PlannedDestination, PlannedHost, PlannedNetwork, PlannedVolume, SecretPart, SecretTemplate, ServerPlan } from "./plan/server-plan.ts";
export { CATALOG_VERSION, readCatalog, type CatalogRead } from "./read/read-catalog.ts";
export { readServerJson, type ServerJsonRead } from "./read/read-server-json.ts";
export type { ReadOptions, ServersRead } from "./read/servers-read.ts";
export { createServerIndex, tokensOf, type ServerHit, type ServerIndex } from "./search/server-index.ts";
