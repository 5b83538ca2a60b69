import * as z from "zod";

const Token = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Where a registry sends for a token, from its `WWW-Authenticate`, with what is asked for; `undefined` when it asks in
 * another way. Source: the distribution project's token authentication.
 */
export function tokenAddress(challenge: string, { repository, actions }: { readonly repository: string; readonly actions: "pull" | "pull,push" }): URL | undefined {
  const realm = parameter(challenge, "realm");
  const url = realm === undefined ? null : URL.parse(realm);
  if (!/^bearer\b/i.test(challenge) || url === null) return undefined;
  const service = parameter(challenge, "service");
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", `repository:${repository}:${actions}`);
  return url;
}

/** The token in the answer to that; `undefined` when it has none that fits into a header. */
export function tokenOf(text: string): string | undefined {
  try {
    const { token, access_token: other } = Token.parse(JSON.parse(text));
    const found = token ?? other;
    return found !== undefined && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function parameter(challenge: string, name: string): string | undefined {
  return new RegExp(`[\\s,]${name}="([^"]*)"`, "i").exec(challenge)?.[1];
}
