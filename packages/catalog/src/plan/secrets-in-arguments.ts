import type { ServerEntry } from "@sbx/contracts";
import { splitSecrets } from "./split-secrets.ts";

/** Names of the variables of secrets that an entry wants among its program's arguments. An entry that wants any is not run. */
export function secretsInArguments({ command, secrets }: Pick<ServerEntry, "command" | "secrets">): readonly string[] {
  const declared = new Set(secrets.map(({ env }) => env));
  const named = command.flatMap((argument) => splitSecrets(argument).flatMap((part) => (part.kind === "variable" ? [part.name] : [])));
  return [...new Set(named)].filter((name) => declared.has(name));
}
