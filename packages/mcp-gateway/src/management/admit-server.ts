import type { ServerConfig, ServerEntry } from "@sbx/contracts";
import { member, type JsonObject } from "../jsonrpc/json.ts";
import type { StartServer } from "../ports.ts";
import type { Cause } from "../scope-member.ts";
import { errorResult } from "../tools/tool-result.ts";
import { takesForms } from "../view/client-capabilities.ts";
import type { Scope } from "../view/scope.ts";

/** A server that a scope would have, with the configuration it would have it with. */
export interface Admission {
  readonly scope: Scope;
  readonly entry: ServerEntry;
  readonly config: ServerConfig;
  readonly cause: Cause;
}

/** Ask policy for a server, and a person where policy says so. `undefined` when it may be had, else the answer that says why not. */
export async function refusal({ scope, entry, config, cause }: Admission): Promise<JsonObject | undefined> {
  const request: StartServer = { entry, config, caller: scope.caller };
  const verdict = scope.parts.policy.judge(request);
  if (verdict.effect === "allow") return undefined;
  if (verdict.effect === "ask" && (await personAgrees(scope, request, cause))) {
    scope.parts.policy.agree(request);
    if (scope.parts.policy.judge(request).effect === "allow") return undefined;
  }
  const sandbox = scope.caller.kind === "sandbox" ? { sandbox: scope.caller.sandbox } : {};
  scope.parts.record({ type: "server.denied", ...sandbox, fields: { server: entry.name, effect: verdict.effect, reason: verdict.reason.slice(0, 500) } });
  return errorResult(
    verdict.effect === "deny"
      ? `Error: Server '${entry.name}' is blocked by policy: ${verdict.reason}\n${verdict.fix}`
      : `Error: Server '${entry.name}' needs the agreement of a person: ${verdict.reason}\nAsk your user to run this on the host, then try again: ${verdict.fix}`,
  );
}

/**
 * A client on the host shows the question to its person. In a sandbox it could be the agent itself that answers, so that an
 * answer from there proves nothing, and nobody is asked.
 */
async function personAgrees(scope: Scope, { entry }: StartServer, cause: Cause): Promise<boolean> {
  const declared = member(cause.member.capabilities, "elicitation");
  if (scope.caller.kind !== "host" || declared === undefined || !takesForms(declared)) return false;
  const answer = await cause.member.ask(
    "elicitation/create",
    {
      mode: "form",
      message: `Let this session use the MCP server '${entry.name}'?`,
      requestedSchema: { type: "object", properties: { agree: { type: "boolean", title: `Use '${entry.name}'`, default: false } }, required: ["agree"] },
    },
    { related: cause.related, signal: cause.signal },
  );
  return answer["action"] === "accept" && member(answer, "content")?.["agree"] === true;
}

/** What a server lacks before it can start. `undefined` when nothing, else the answer that says what, and who can mend it. */
export async function whatIsMissing({ scope, entry, config }: Omit<Admission, "cause">): Promise<JsonObject | undefined> {
  const secrets = await scope.parts.policy.missingSecrets(entry, scope.caller);
  const settings = scope.parts.catalog.configProblems(entry, config);
  if (secrets.length === 0 && settings.length === 0) return undefined;
  const names = secrets.map(({ name }) => name).join(", ");
  const keys = settings.map(({ key, kind }) => `${key} (${kind})`).join(", ");
  const what = [...(secrets.length > 0 ? [`secrets (${names})`] : []), ...(settings.length > 0 ? [`config (${keys})`] : [])].join(" and ");
  return errorResult(
    [
      `Error: Cannot add server '${entry.name}'. Missing required ${what}.`,
      ...(secrets.length > 0 ? ["", "Secrets are set by a person on the host, never by you. Ask your user to run:", ...secrets.map(({ fix }) => `  ${fix}`)] : []),
      ...(settings.length > 0
        ? ["", ...settings.map(({ message }) => message), "Give the settings with mcp-config-set, then add the server again. Server config schema:", JSON.stringify(entry.config)]
        : []),
    ].join("\n"),
  );
}
