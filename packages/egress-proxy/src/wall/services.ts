import type { IncomingMessage, ServerResponse } from "node:http";
import { ruleSubject, type SandboxId } from "@sbx/contracts";
import { HOST_GATEWAY, MCP_PORT, SERVICE_NAMES, type CompiledPolicy, type ServiceKind } from "@sbx/egress-policy";
import { answer, answerJson, answerLastJson } from "./http-answer.ts";
import { answerRaw, type HttpPurpose } from "./http-front.ts";
import type { ModelService } from "./model/model-service.ts";
import type { Records } from "./records.ts";
import { isMeantForService, problem } from "./service-guard.ts";

/** Which service a connection is for, and from where. */
interface Asked {
  readonly kind: ServiceKind;
  readonly sandbox: SandboxId;
  readonly port: number;
}

/** Answers a sandbox that speaks to its MCP gateway; the request was meant for it. Never rejects. */
export type ServeMcp = (sandbox: SandboxId, request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface ServicesOptions {
  /** Without one there is no gateway, which is said. */
  readonly mcp: ServeMcp | undefined;
  readonly model: ModelService;
  readonly records: Records;
  readonly policyOf: (sandbox: SandboxId) => CompiledPolicy;
  readonly log: (message: string, error: unknown) => void;
}

/** Names under which a service may be called, as its Host header says them. */
const NAMES: Readonly<Record<ServiceKind, readonly string[]>> = {
  model: [SERVICE_NAMES.model],
  mcp: [SERVICE_NAMES.mcp, HOST_GATEWAY],
  policy: [SERVICE_NAMES.policy],
};

/** What a connection to one of sbx's own services is answered with. */
export function servicePurpose({ kind, sandbox, port }: Asked, { mcp, model, records, policyOf, log }: ServicesOptions): HttpPurpose {
  return {
    request(request, response) {
      if (!isMeantForService(response, NAMES[kind], port)) return;
      switch (kind) {
        case "model":
          model.handle(sandbox, request, response).catch((error: unknown) => {
            log("the model service failed", error);
            response.destroy();
          });
          return;
        case "mcp":
          if (mcp === undefined) answerLastJson(response, 503, problem("unavailable", "this sandbox has no MCP gateway"));
          else void mcp(sandbox, request, response);
          return;
        case "policy":
          if (request.method !== "GET" && request.method !== "HEAD") answerLastJson(response, 405, problem("invalid_request_error", "this page is read-only"));
          else if (/\bjson\b/i.test(request.headers.accept ?? "")) answerJson(response, 200, policyDocument(sandbox, policyOf(sandbox), records));
          else answer(response, 200, { text: policyText(sandbox, policyOf(sandbox), records) });
          return;
      }
    },
    upgrade(_request, socket) {
      answerRaw(socket, "426 Upgrade Required", "this service speaks plain HTTP/1.1, without WebSockets\n");
    },
    malformed() {
      // Answered already, and nothing of it reached anybody.
    },
  };
}

function policyDocument(sandbox: SandboxId, policy: CompiledPolicy, records: Records): unknown {
  return { sandbox, default: "deny", rules: policy.rules, denials: records.denials(sandbox), ports: { mcp: MCP_PORT } };
}

function policyText(sandbox: SandboxId, policy: CompiledPolicy, records: Records): string {
  const rules = policy.rules.map((rule) => `${rule.effect.padEnd(5)} ${ruleSubject(rule)}  (${rule.layer}, rule ${rule.id})`);
  const denials = records.denials(sandbox).map(({ at, to, reason, fix }) => `${at}  ${to}  ${reason}${fix === undefined ? "" : `\n    a human can run on the host: ${fix}`}`);
  return [
    `What sandbox ${sandbox} may reach. Any deny wins; what no rule allows is refused.`,
    "",
    ...(rules.length === 0 ? ["no rules"] : rules),
    "",
    denials.length === 0 ? "Nothing was refused so far." : "Refused last:",
    ...denials,
    "",
  ].join("\n");
}
