import type { Readiness, ServerConfig, ServerEntry } from "@sbx/contracts";
import type { ConfigFault } from "./server-facts.ts";

/** How far the secrets of a server are there. */
export function secretReadiness({ secrets }: ServerEntry, missing: number): Readiness {
  const required = secrets.filter((secret) => secret.required).length;
  if (secrets.length === 0) return "none";
  if (missing === 0) return "done";
  return missing < required ? "partial" : "required";
}

/** How far the configuration of a server is there. */
export function configReadiness({ config: schemas }: ServerEntry, config: ServerConfig, faults: readonly ConfigFault[]): Readiness {
  if (schemas.length === 0) return "none";
  if (faults.length === 0) return Object.keys(config).length > 0 || schemas.every((schema) => !isRequiring(schema)) ? "done" : "required";
  return Object.keys(config).length > 0 ? "partial" : "required";
}

function isRequiring(schema: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(schema["required"]) && schema["required"].length > 0;
}
