import { AppError, HeldPieces } from "@sbx/contracts";
import type { Dispatcher } from "undici";
import { tokenAddress, tokenOf } from "../../registry/token-challenge.ts";
import { isRealmOf } from "../../registry/token-realm.ts";
import { isLoopback, type WebDispatcher } from "../../web/web-dispatcher.ts";
import { authorizationOf, type RegistryCredentials } from "./registry-credentials.ts";
import { registryFailure } from "./registry-failure.ts";

const TIMEOUT_MS = 60_000;
const MAX_TOKEN_BYTES = 64 * 1024;

/** One request to a registry. */
export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Longest answer that is read. */
  readonly maxBytes: number;
}

/** What a registry answered, read to its end. */
export interface RegistryAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

export interface RegistrySessionParts {
  readonly registry: string;
  readonly repository: string;
  readonly actions: "pull" | "pull,push";
  readonly credentials: RegistryCredentials;
  readonly dispatcherOf: WebDispatcher;
}

/**
 * Speaks to one repository of a registry. Authorization is sent to the registry's own origin and nowhere else; where a
 * token is asked for, it is fetched once and kept for as long as this lives. The credentials are shown for that where it
 * belongs to the registry, and elsewhere a token is asked for without them.
 */
export class RegistrySession {
  readonly origin: string;
  readonly #parts: RegistrySessionParts;
  #authorization: string | undefined;

  constructor(parts: RegistrySessionParts) {
    this.#parts = parts;
    const hostname = URL.parse(`https://${parts.registry}`)?.hostname ?? "";
    this.origin = `${isLoopback(hostname) ? "http" : "https"}://${parts.registry}`;
  }

  /** A path of the repository, such as `blobs/sha256:…`. */
  url(path: string): URL {
    return new URL(`${this.origin}/v2/${this.#parts.repository}/${path}`);
  }

  /** @throws AppError `REGISTRY_FAILED` when it cannot be reached, refuses who asks, or says more than it may */
  async ask(wanted: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer> {
    const first = await this.#send(wanted, signal);
    if (first.status !== 401 || wanted.url.origin !== this.origin) return first;
    this.#authorization = await this.#authorize(first.header("www-authenticate") ?? "", signal);
    const second = await this.#send(wanted, signal);
    if (second.status !== 401 && second.status !== 403) return second;
    throw registryFailure(this.#parts.registry, `it lets nobody ${this.#parts.actions === "pull" ? "read" : "write"} "${this.#parts.repository}" ${this.#who()}`, {
      fix: `Log in with: docker login ${this.#parts.registry}`,
    });
  }

  async #send({ method, url, headers = {}, body, maxBytes }: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer> {
    const own = url.origin === this.origin && this.#authorization !== undefined ? { authorization: this.#authorization } : {};
    try {
      this.#check(url);
      const dispatcher = await this.#parts.dispatcherOf(url, await this.#reachOf(url));
      const answer = await dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { ...headers, ...own },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      return { status: answer.statusCode, header: (name) => oneOf(answer.headers[name]), body: await read(answer, { url, maxBytes }) };
    } catch (error) {
      if (AppError.is(error)) throw error;
      throw registryFailure(url.host, error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  /** A registry, and where it sends to: over https, and to this machine only when it is here itself. */
  #check(url: URL): void {
    const here = isLoopback(url.hostname);
    if (here && !isLoopback(new URL(this.origin).hostname)) throw registryFailure(this.#parts.registry, "it sends to this machine itself");
    if (url.protocol === "https:" || (url.protocol === "http:" && here)) return;
    throw registryFailure(url.host, "it is not https, and anybody on the way could change what it gives");
  }

  /** Where a registry sends elsewhere, that is public; a private one may give its tokens at another port of its own host. */
  async #reachOf(url: URL): Promise<"anywhere" | "public"> {
    const origin = new URL(this.origin);
    if (url.origin === this.origin || isLoopback(origin.hostname)) return "anywhere";
    if (!isRealmOf(url, origin)) return "public";
    return await this.#parts.dispatcherOf(origin, "public").then(
      () => "public",
      () => "anywhere",
    );
  }

  async #authorize(challenge: string, signal: AbortSignal): Promise<string> {
    const { credentials, repository, actions, registry } = this.#parts;
    if (/^basic\b/i.test(challenge)) {
      const authorization = authorizationOf(credentials);
      if (authorization === undefined) throw registryFailure(registry, `it wants credentials, ${this.#who()}`, { fix: `Log in with: docker login ${registry}` });
      return authorization;
    }
    const url = tokenAddress(challenge, { repository, actions });
    if (url === undefined) throw registryFailure(registry, "it asks for credentials in a way that is not known");
    return `Bearer ${await this.#tokenAt(url, signal)}`;
  }

  async #tokenAt(url: URL, signal: AbortSignal): Promise<string> {
    const { credentials, repository, registry } = this.#parts;
    const own = isRealmOf(url, new URL(this.origin));
    const basic = own ? authorizationOf(credentials) : undefined;
    const answer = await this.#send({ method: "GET", url, maxBytes: MAX_TOKEN_BYTES, ...(basic === undefined ? {} : { headers: { authorization: basic } }) }, signal);
    const token = answer.status === 200 ? tokenOf(answer.body.toString("utf8")) : undefined;
    if (token !== undefined) return token;
    const why = own || credentials.kind === "anonymous" ? this.#who() : `without the credentials for ${registry}, which no other host is shown`;
    throw registryFailure(url.host, `it gives no token for "${repository}" (${answer.status}) ${why}`, {
      fix: own ? `Log in with: docker login ${registry}` : `Use a registry that gives its tokens itself: ${registry} sends elsewhere for them.`,
    });
  }

  #who(): string {
    const { credentials } = this.#parts;
    return credentials.kind === "basic" ? "with the credentials of docker login" : `without credentials: ${credentials.why}`;
  }
}

function oneOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

async function read(answer: Dispatcher.ResponseData, { url, maxBytes }: { readonly url: URL; readonly maxBytes: number }): Promise<Buffer> {
  const held = new HeldPieces();
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    held.push(chunk);
    if (held.length > maxBytes) throw registryFailure(url.host, `its answer is longer than ${maxBytes} bytes`);
  }
  return held.take();
}
