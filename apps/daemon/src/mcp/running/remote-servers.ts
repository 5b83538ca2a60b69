import { BUILT_IN_CATALOG, planServer } from "@sbx/catalog";
import { AppError, type EventFields, type RecordEvent, type Rule, type SandboxId } from "@sbx/contracts";
import type { CompiledPolicy } from "@sbx/egress-policy";
import { createGuardedFetch, type GuardedFetchOptions, type RemoteOutcome } from "@sbx/egress-proxy";
import type { RemoteServers, StartServer } from "@sbx/mcp-gateway";
import { resolveServerEnvironment, type SecretKeeper } from "@sbx/secret-injector";
import { identityOf, sandboxOf, type ServerRunnerParts } from "./server-runner.ts";

export interface RemoteServersParts {
  readonly secrets: Pick<SecretKeeper, "lookup" | "adopt">;
  readonly catalogOf: ServerRunnerParts["catalogOf"];
  /** What decides for a server with these rules of its own, in force at the moment when it is asked. */
  readonly policyOf: (server: { readonly server: string; readonly sandbox: SandboxId | undefined; readonly rules: readonly Rule[] }) => () => CompiledPolicy;
  readonly record: RecordEvent;
  /** How addresses are found and dialled; the system's by default. */
  readonly world?: Pick<GuardedFetchOptions, "resolve" | "connect" | "hostAddresses" | "proxyFor" | "trust">;
}

/** Headers that say how a message travels: a catalog does not set them. */
const FRAMING: ReadonlySet<string> = new Set(["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);

/** Reach servers that somebody else runs: their own origin and nothing else, with the secrets that are bound to exactly this entry. */
export function createRemoteServers({ secrets, catalogOf, policyOf, record, world = {} }: RemoteServersParts): RemoteServers {
  return {
    async connect({ entry, config, caller }: StartServer) {
      const { source, headers } = planServer(entry, config);
      if (source.kind !== "remote") throw new Error(`${entry.name} runs here`);
      const identity = identityOf(entry, catalogOf);
      await secrets.adopt({ server: identity, secrets: entry.secrets, trusted: identity.catalog === BUILT_IN_CATALOG });
      const { environment, missing } = await resolveServerEnvironment(headers, secrets.lookup(identity));
      const [first] = missing;
      if (first !== undefined) throw new AppError("SECRET_MISSING", { message: `Server "${entry.name}" needs the secret "${first.name}"`, fix: first.fix });
      const url = new URL(source.url);
      const sandbox = sandboxOf(caller);
      const rule: Rule = { id: "entry:1", effect: "allow", to: `${url.hostname}:${url.port === "" ? "443" : url.port}`, layer: "profile" };
      // Its connections end by themselves when nobody uses them: there is nothing to release.
      const guarded = createGuardedFetch({
        policy: policyOf({ server: entry.name, sandbox, rules: [rule] }),
        origin: url.origin,
        headers: Object.fromEntries(Object.entries(environment).map(([name, value]) => [checkHeader(entry.name, name), checkValue({ server: entry.name, name }, value.reveal())])),
        record: (outcome) => {
          record({ type: `egress.${outcome.kind}`, ...(sandbox === undefined ? {} : { sandbox }), fields: fieldsOf(entry.name, outcome) });
        },
        ...world,
      });
      return { url: url.href, fetch: guarded.fetch };
    },
  };
}

function fieldsOf(server: string, { to, port, reason, rule, fix }: RemoteOutcome): EventFields {
  return { server, to, port, reason, rule: rule?.id ?? null, ...(fix === undefined ? {} : { fix: `${fix} --server ${server}` }) };
}

function checkHeader(server: string, name: string): string {
  if (!FRAMING.has(name.toLowerCase())) return name;
  throw new AppError("CATALOG_INVALID", { message: `Server "${server}" wants to set the header "${name}", which says how a message travels`, fix: "Leave the header out of the catalog's entry." });
}

/** A value with a line break would be two headers. It is never named: it holds a secret. */
function checkValue({ server, name }: { readonly server: string; readonly name: string }, value: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  throw new AppError("CONFIG_INVALID", {
    message: `The value of the header "${name}" of server "${server}" holds a line break or a letter that no header may have`,
    fix: "Set the secret again without it, with: sbx secret set NAME",
  });
}
