import type { IncomingMessage, ServerResponse } from "node:http";
import type { RecordPodEvent, SandboxId } from "@sbx/contracts";
import { isPlaceholder, type Dialect, type Secret } from "@sbx/secret-injector";
import { answerLastJson } from "../http-answer.ts";
import { endToEndHeaders, plainName, toNodeHeaders } from "../http-headers.ts";
import { problem } from "../service-guard.ts";
import { UNUSABLE_PROXY, type ProxyFor } from "../upstream-proxy.ts";
import { isAllowedCall } from "./allowed-calls.ts";
import { isSafeUpstream, type ModelBinding } from "./model-binding.ts";
import { createModelDispatchers, type ModelDispatchers } from "./model-dispatchers.ts";
import { readModelPath, type ModelPath } from "./model-path.ts";
import { relayModelAnswer } from "./relay-answer.ts";

export interface ModelServiceOptions {
  readonly modelOf: (sandbox: SandboxId) => readonly ModelBinding[];
  readonly record: RecordPodEvent;
  /** Certificates of authorities to trust beside the system's and Node's own, in PEM. */
  readonly trust?: readonly string[];
  readonly proxyFor?: ProxyFor | undefined;
  readonly bodyBytes: number;
}

/** Puts the real key on requests to a sandbox's model and streams the answers back. */
export interface ModelService extends AsyncDisposable {
  handle(sandbox: SandboxId, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** A request that goes nowhere, as its sender and the record are told. */
interface Denial {
  readonly kind: "denied";
  readonly service: string;
  /** Of the HTTP answer. */
  readonly status: number;
  /** Kind of error in the words of the providers' clients. */
  readonly type: string;
  readonly reason: string;
  /** Whose form of an error the answer has; the first dialect's, which all clients print, when absent. */
  readonly dialect?: Dialect;
  /** Not worth an event: a client's optional question. */
  readonly quiet?: boolean;
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
/** Whatever could be a credential of the client's, or tell the provider about this machine. */
const DROP_FROM_REQUEST: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "expect",
  "authorization",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
  "cookie",
  "origin",
  "referer",
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "accept-encoding",
  "trailer",
  "sec-fetch-site",
  "sec-fetch-mode",
  "sec-fetch-dest",
  // With these some providers take a request for one of another method.
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
]);
export function createModelService({ modelOf, record, trust = [], proxyFor, bodyBytes }: ModelServiceOptions): ModelService {
  let dispatchers: Promise<ModelDispatchers> | undefined;
  return {
    async handle(sandbox, request, response) {
      const deny = (denial: Denial): void => {
        const { service, status, reason, quiet = false } = denial;
        if (!quiet) record({ type: "model.denied", pod: sandbox, fields: { service, status, reason } });
        answerLastJson(response, status, errorOf(denial));
      };
      const asked = readAsked(request, { bindings: modelOf(sandbox), bodyBytes });
      if (asked.kind === "denied") return deny(asked);
      const { binding, path } = asked;
      const secret = await readSecret(binding);
      if ("kind" in secret) return deny(secret);
      const target = new URL(binding.upstream);
      const dispatcher = (await (dispatchers ??= createModelDispatchers({ trust, proxyFor }))).of(target);
      if (response.destroyed) return;
      if (dispatcher === undefined) return deny(denied(binding.service, 502, { type: "api_error", reason: UNUSABLE_PROXY }));
      if (request.headers.expect !== undefined) response.writeContinue();
      await relayModelAnswer({
        sandbox,
        binding,
        secret,
        request,
        response,
        record,
        bodyBytes,
        dispatcher,
        origin: target.origin,
        path: `${target.pathname.replace(/\/+$/, "")}${path}`,
        headers: upstreamHeaders(request, binding, secret),
        deny: (status, type, reason) => {
          deny(denied(binding.service, status, { type, reason }));
        },
      });
    },
    async [Symbol.asyncDispose]() {
      await (await dispatchers)?.[Symbol.asyncDispose]();
    },
  };
}

/** The model that a request is for, or why it gets none: an unknown path, service or method, a foreign key, too large a body. */
function readAsked(
  request: IncomingMessage,
  { bindings, bodyBytes }: { readonly bindings: readonly ModelBinding[]; readonly bodyBytes: number },
): Denial | { readonly kind: "asked"; readonly binding: ModelBinding; readonly path: string } {
  const path = readModelPath(request.url ?? "");
  if (path.kind === "invalid") return denied("", 400, { type: "invalid_request_error", reason: path.why });
  const binding = bindings.find(({ service }) => service === path.service);
  const named = path.service.slice(0, 64);
  if (binding === undefined) return denied(named, 404, { type: "not_found_error", reason: `this sandbox has no model service "${named}"` });
  const { service } = binding;
  if (!METHODS.has(request.method ?? "")) return denied(service, 405, { type: "invalid_request_error", reason: "the method is not one that model providers take" });
  if (!holdsPlaceholder(request, path, binding.placeholder)) return denied(service, 403, { type: "permission_error", reason: `the key is not the placeholder of this sandbox for ${service}` });
  if (!isAllowedCall(binding.dialect, request.method ?? "", path.path)) return notAllowed(request, binding);
  if (!isSafeUpstream(binding.upstream)) return denied(service, 403, { type: "permission_error", reason: `the address of ${service} is not https` });
  if (Number(request.headers["content-length"] ?? 0) > bodyBytes) return denied(service, 413, { type: "request_too_large", reason: `the request is larger than ${bodyBytes} bytes` });
  return { kind: "asked", binding, path: path.path };
}

/** A question that is optional finds nothing, as clients expect of other providers; whatever could do something is refused. */
function notAllowed({ method }: IncomingMessage, { service, dialect }: ModelBinding): Denial {
  if (method === "GET" || method === "HEAD") return { ...denied(service, 404, { type: "not_found_error", reason: `sbx asks ${service} nothing at this path` }), dialect, quiet: true };
  return { ...denied(service, 403, { type: "permission_error", reason: `sbx lets a sandbox ask models of ${service}, and nothing else of the account` }), dialect };
}

/** A denial in the words of the provider whose client asked. */
function errorOf({ status, type, reason, dialect = "anthropic" }: Denial): object {
  switch (dialect) {
    case "anthropic":
      return problem(type, reason);
    case "openai":
      return { error: { message: reason, type, param: null, code: null } };
    case "google":
      return { error: { code: status, message: reason, status: status === 404 ? "NOT_FOUND" : "PERMISSION_DENIED" } };
  }
}

async function readSecret(binding: ModelBinding): Promise<Secret | Denial> {
  const { service } = binding;
  const secret = await binding.secret().catch(() => "failed" as const);
  if (secret === "failed") return denied(service, 502, { type: "api_error", reason: `the key for ${service} could not be read; a human can look for the reason on the host: sbx daemon logs` });
  return secret ?? denied(service, 403, { type: "permission_error", reason: `sbx holds no key for ${service}; a human can set it on the host: sbx secret set ${binding.secretName ?? service}` });
}

function denied(service: string, status: number, why: { readonly type: string; readonly reason: string }): Denial {
  return { kind: "denied", service, status, ...why };
}

/** Whether one of the places in which providers' clients put a key holds exactly the placeholder. */
function holdsPlaceholder(request: IncomingMessage, path: Extract<ModelPath, { kind: "path" }>, placeholder: string): boolean {
  const values = request.rawHeaders.flatMap((value, index, all) => {
    const name = index % 2 === 1 ? all[index - 1]?.toLowerCase() : undefined;
    if (name === "x-api-key" || name === "x-goog-api-key" || name === "api-key") return [value];
    return name === "authorization" ? [value.replace(/^Bearer +/i, "")] : [];
  });
  return [...values, ...path.keys].map((value) => isPlaceholder(value, placeholder)).includes(true);
}

function upstreamHeaders(request: IncomingMessage, { header, format }: ModelBinding, secret: Secret): Record<string, string | string[]> {
  const kept = endToEndHeaders(request.rawHeaders, new Set([...DROP_FROM_REQUEST, plainName(header)]));
  const length = request.headers["content-length"];
  return { ...toNodeHeaders(kept), "accept-encoding": "identity", [header]: format.replace("%s", () => secret.reveal()), ...(length === undefined ? {} : { "content-length": length }) };
}
