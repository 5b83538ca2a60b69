import type { ServerConfig, ServerEntry, ServerSource } from "@sbx/contracts";
import { requireConfig } from "./check-config.ts";
import { configRefused, entryRefused, valueChecks } from "./check-value.ts";
import { evaluate, textOf } from "./evaluate.ts";
import { planHosts, planNetwork } from "./plan-network.ts";
import { planEnv, planHeaders } from "./plan-secrets.ts";
import { planVolumes } from "./plan-volumes.ts";
import { secretsInArguments } from "./secrets-in-arguments.ts";
import type { ServerPlan } from "./server-plan.ts";

const GIB = 1024 ** 3;
/** What a server may use: Docker's own limits, and a number of processes. */
const LIMITS: ServerPlan["limits"] = { cpus: 1, memoryBytes: 2 * GIB, pids: 512 };
const MAX_ARGUMENTS = 500;

/**
 * Say what running a server takes, from its entry and its own configuration. Pure: no secret is read, no path looked at.
 *
 * @throws AppError `CONFIG_INVALID` when the configuration breaks the entry's schema (`details.problems` and
 *   `details.schemas` say how) or a value may not stand where the entry puts it; `CATALOG_INVALID` when the entry itself
 *   cannot be run, such as one that wants a secret among its arguments
 */
export function planServer(entry: ServerEntry, config: ServerConfig = {}): ServerPlan {
  const [secret] = secretsInArguments(entry);
  if (secret !== undefined) throw entryRefused(entry.name, `it wants the secret ${secret} among its arguments, where every program on the machine can read it`);
  requireConfig(entry, config);
  const user = planUser(entry, config);
  return {
    name: entry.name,
    source: planSource(entry, config),
    args: planArguments(entry, config),
    ...planEnv(entry, config),
    headers: planHeaders(entry, config),
    volumes: planVolumes(entry, config),
    ...(user === undefined ? {} : { user }),
    extraHosts: planHosts(entry),
    network: planNetwork(entry, config),
    limits: LIMITS,
    longLived: entry.longLived,
  };
}

/** An argument whose places all came out empty is left out: nothing was set for it. */
function planArguments({ name, command }: ServerEntry, config: ServerConfig): readonly string[] {
  const scope = { server: name, config, check: valueChecks(name).plain };
  const args = command.flatMap((text) =>
    evaluate(text, scope)
      .filter(({ empty }) => !empty)
      .map(({ pieces }) => {
        const [first] = pieces.filter((piece) => piece.text !== "");
        if (first?.config === true && first.text.startsWith("-")) throw configRefused(name, text, "would begin an argument with a dash, which programs take for an option");
        return textOf(pieces);
      }),
  );
  if (args.length > MAX_ARGUMENTS) throw configRefused(name, "a list", `gives more than ${MAX_ARGUMENTS} arguments`);
  if (args.some((argument) => argument.includes("\0"))) throw entryRefused(name, "an argument holds a NUL character");
  return args;
}

function planUser({ name, user }: ServerEntry, config: ServerConfig): string | undefined {
  if (user === undefined) return undefined;
  const [value] = evaluate(user, { server: name, config, check: valueChecks(name).user });
  if (value === undefined || value.empty) return undefined;
  const text = textOf(value.pieces);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$/.test(text)) throw entryRefused(name, `"${text}" is no user`);
  return text;
}

/** The address of a remote with its places filled; a configuration never says to which domain requests go. */
function planSource({ name, source }: ServerEntry, config: ServerConfig): ServerSource {
  if (source.kind !== "remote") return source;
  const [value] = evaluate(source.url, { server: name, config, check: valueChecks(name).urlPart });
  const url = value === undefined ? null : URL.parse(textOf(value.pieces));
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.password !== "")
    throw entryRefused(name, `"${source.url}" is no address that begins with https:// and holds no password`);
  if (splitHost(source.url).includes("{{") && !/\}\}(?:\.[a-z0-9-]+){2,}(?::[0-9]+)?$/i.test(splitHost(source.url)))
    throw entryRefused(name, `its configuration would say to which domain "${source.url}" leads`);
  return { ...source, url: url.href, headers: {} };
}

const splitHost = (url: string): string => /^https?:\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
