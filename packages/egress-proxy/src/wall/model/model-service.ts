import type { IncomingMessage, ServerResponse } from "node:http";
import { getCACertificates } from "node:tls";
import type { RecordEvent, SandboxId } from "@sbx/contracts";
import { isPlaceholder, type Secret } from "@sbx/secret-injector";
import { Agent } from "undici";
import { answerJson } from "../http-answer.ts";
import { endToEndHeaders, toNodeHeaders } from "../http-headers.ts";
import { problem } from "../service-guard.ts";
import { isSafeUpstream, type ModelBinding } from "./model-binding.ts";
import { readModelPath, type ModelPath } from "./model-path.ts";
import { relayModelAnswer } from "./relay-answer.ts";

export interface ModelServiceOptions {
  readonly modelOf: (sandbox: SandboxId) => readonly ModelBinding[];
  readonly record: RecordEvent;
  /** Certificates of authorities to trust beside the system's and Node's own, in PEM. */
  readonly trust?: readonly string[];
  readonly bodyBytes: number;
}

/** Puts the real key on requests to a sandbox's model and streams the answers back. */
export interface ModelService extends AsyncDisposable {
  handle(sandbox: SandboxId, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
/** Whatever could be a credential of the client's, or tell the provider about this machine. */
const DROP_FROM_REQUEST: ReadonlySet<string> = new Set([
  "host", "content-length", "expect", "authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "origin", "referer", "forwarded", "via",
  "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "accept-encoding", "trailer", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest",
]);
/** Model answers may take minutes to begin and are silent for long. */
const HEADERS_TIMEOUT_MS = 15 * 60 * 1000;
const BODY_TIMEOUT_MS = 15 * 60 * 1000;

export function createModelService({ modelOf, record, trust = [], bodyBytes }: ModelServiceOptions): ModelService {
  let dispatcher: Agent | undefined;
  const dispatcherOf = (): Agent => (dispatcher ??= new Agent({
    connect: { ca: [...new Set([...getCACertificates("default"), ...getCACertificates("system"), ...getCACertificates("extra"), ...trust])], rejectUnauthorized: true },
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    allowH2: false,
  }));
  return {
    async handle(sandbox, request, response) {
      const deny = (service: string, status: number, type: string, reason: string): void => {
        record({ type: "model.denied", sandbox, fields: { service, status, reason } });
        answerJson(request, response, status, problem(type, reason), { close: true });
      };
      const path = readModelPath(request.url ?? "");
      if (path.kind === "invalid") return deny("", 400, "invalid_request_error", path.why);
      const binding = modelOf(sandbox).find(({ service }) => service === path.service);
      if (binding === undefined) return deny(path.service.slice(0, 64), 404, "not_found_error", `this sandbox has no model service "${path.service.slice(0, 64)}"`);
      const { service } = binding;
      if (!METHODS.has(request.method ?? "")) return deny(service, 405, "invalid_request_error", "the method is not one that model providers take");
      if (!holdsPlaceholder(request, path, binding.placeholder)) return deny(service, 403, "permission_error", `the key is not the placeholder of this sandbox for ${service}`);
      if (!isSafeUpstream(binding.upstream)) return deny(service, 403, "permission_error", `the address of ${service} is not https`);
      if (Number(request.headers["content-length"] ?? 0) > bodyBytes) return deny(service, 413, "request_too_large", `the request is larger than ${bodyBytes} bytes`);
      const secret = await binding.secret().catch(() => "failed" as const);
      if (secret === "failed") return deny(service, 502, "api_error", `the key for ${service} could not be read; a human can look for the reason on the host: sbx daemon logs`);
      if (secret === undefined) return deny(service, 403, "permission_error", `sbx holds no key for ${service}; a human can set it on the host: sbx secret set ${binding.secretName ?? service}`);
      if (response.destroyed) return;
      if (request.headers.expect !== undefined) response.writeContinue();
      const target = new URL(binding.upstream);
      await relayModelAnswer({ sandbox, binding, secret, request, response, record, bodyBytes, dispatcher: dispatcherOf(), origin: target.origin, path: `${target.pathname.replace(/\/+$/, "")}${path.path}`, headers: upstreamHeaders(request, binding, secret), deny: (status, type, reason) => { deny(service, status, type, reason); } });
    },
    async [Symbol.asyncDispose]() {
      await dispatcher?.destroy();
    },
  };
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
  const kept = endToEndHeaders(request.rawHeaders, new Set([...DROP_FROM_REQUEST, header]));
  const length = request.headers["content-length"];
  return { ...toNodeHeaders(kept), "accept-encoding": "identity", [header]: format.replace("%s", () => secret.reveal()), ...(length === undefined ? {} : { "content-length": length }) };
}
