import type { Rule } from "@sbx/contracts";
import { isBounded } from "./request-rules.ts";

/** Where programs of Debian look for the authorities that they trust. */
export const AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

/** Variables by which Node, OpenSSL, Python, curl, git, pip, Cargo, the command line of AWS and Deno are told of them, where they look elsewhere. */
const VARIABLES = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "CARGO_HTTP_CAINFO", "AWS_CA_BUNDLE", "DENO_CERT"];

/** What decides whether the wall looks at a sandbox's requests. */
export interface LookedAt {
  readonly rules: readonly Rule[];
  /** Those of the same phase as the rules. */
  readonly credentials: readonly { readonly name?: string | undefined }[];
}

/** Whether the wall has to look at single requests, so that programs have to trust an authority of the sandbox's own. */
export function needsAuthority({ rules, credentials }: LookedAt): boolean {
  return rules.some(isBounded) || credentials.length > 0;
}

/** Variables that point to the sandbox's authorities, but for those that are set already. A credential without a name adds no variable, as the format has it. */
export function trustVariables({ rules, credentials }: LookedAt, set: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (!rules.some(isBounded) && credentials.every(({ name }) => name === undefined)) return {};
  return Object.fromEntries(VARIABLES.filter((name) => !Object.hasOwn(set, name)).map((name) => [name, AUTHORITIES]));
}
