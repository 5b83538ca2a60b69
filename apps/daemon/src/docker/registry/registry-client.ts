import { AppError, HeldPieces } from "@sbx/contracts";
import type { Secret } from "@sbx/secret-injector";
import { tokenAddress, tokenOf } from "../../registry/token-challenge.ts";
import { isRealmOf } from "../../registry/token-realm.ts";
import { basicAuthorization } from "./registry-login.ts";
import { registryFailed, type RegistryWays } from "./registry-ways.ts";

const MAX_REDIRECTS = 3;
const SMALL_BYTES = 64 << 10;

/** How one repository of a registry is spoken to. */
export interface RegistryClientParts {
  readonly ways: RegistryWays;
  readonly repository: string;
  readonly actions: "pull" | "pull,push";
  /** What the rule says to log in with. */
  readonly login: { readonly name: string; readonly find: () => Promise<Secret | undefined> } | undefined;
}

/** One request to a registry. */
export interface RegistryAsk {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: NonNullable<RequestInit["body"]>;
  readonly signal: AbortSignal;
}

/**
 * Speaks to one repository by the distribution protocol of OCI. What authorizes goes to the registry's own origin, the
 * login besides to a realm that is the registry's own, and nothing of it to where a registry sends for its bytes.
 */
export class RegistryClient implements AsyncDisposable {
  readonly #parts: RegistryClientParts;
  #authorization: string | undefined;

  constructor(parts: RegistryClientParts) {
    this.#parts = parts;
  }

  /** A path of the repository, such as `blobs/sha256:…`. */
  url(path: string): URL {
    return new URL(`${this.#parts.ways.origin}/v2/${this.#parts.repository}/${path}`);
  }

  get host(): string {
    return new URL(this.#parts.ways.origin).host;
  }

  /** @throws AppError `REGISTRY_FAILED`, `EGRESS_DENIED`, `CREDENTIAL_MISSING` */
  async ask(url: URL, ask: RegistryAsk): Promise<Response> {
    const first = await this.#send(url, ask);
    if (first.status !== 401 || url.origin !== this.#parts.ways.origin) return first;
    const challenge = first.headers.get("www-authenticate") ?? "";
    await first.body?.cancel();
    if (ask.body instanceof ReadableStream) throw registryFailed(this.host, "it wanted to know again who sends, in the middle of an upload");
    this.#authorization = await this.#authorize(challenge, ask.signal);
    const second = await this.#send(url, ask);
    if (second.status !== 401 && second.status !== 403) return second;
    await second.body?.cancel();
    throw registryFailed(this.host, `it lets nobody ${this.#parts.actions === "pull" ? "read" : "write"} "${this.#parts.repository}" ${this.#who()}`);
  }

  /** Read bytes, wherever the registry keeps them. The caller reads or cancels the body. */
  async follow(start: URL, ask: RegistryAsk): Promise<Response> {
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const response = await this.ask(url, ask);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      await response.body?.cancel();
      const next = URL.parse(location, url.href);
      if (next === null) throw registryFailed(url.host, "it sends to no address");
      url = next;
    }
    throw registryFailed(start.host, "it goes round in redirects");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.ways[Symbol.asyncDispose]();
  }

  #send(url: URL, { method = "GET", headers = {}, body, signal }: RegistryAsk): Promise<Response> {
    const own = url.origin === this.#parts.ways.origin && this.#authorization !== undefined ? { authorization: this.#authorization } : {};
    // A body that comes piece by piece has to be announced so.
    const sent = body === undefined ? {} : { body, duplex: "half" as const };
    return this.#parts.ways.fetch(url, { method, headers: { "accept-encoding": "identity", ...headers, ...own }, ...sent, signal });
  }

  async #authorize(challenge: string, signal: AbortSignal): Promise<string> {
    const { ways, repository, actions } = this.#parts;
    const login = await this.#login();
    if (/^basic\b/i.test(challenge)) {
      if (login === undefined) throw registryFailed(this.host, `it wants a login, and is asked ${this.#who()}`);
      return login;
    }
    const url = tokenAddress(challenge, { repository, actions });
    if (url === undefined) throw registryFailed(this.host, "it asks who it is in a way that is not known");
    if (login !== undefined && !isRealmOf(url, new URL(ways.origin))) throw registryFailed(this.host, `it sends to ${url.host} for a token, which is another's, and the login does not go there`);
    const answer = await ways.fetch(url, { headers: login === undefined ? {} : { authorization: login }, signal });
    const text = await readText(answer, SMALL_BYTES);
    const token = answer.status === 200 ? tokenOf(text) : undefined;
    if (token === undefined) throw registryFailed(url.host, `it gives no token for "${repository}" (${answer.status}) ${this.#who()}`);
    return `Bearer ${token}`;
  }

  async #login(): Promise<string | undefined> {
    const { login } = this.#parts;
    if (login === undefined) return undefined;
    const secret = await login.find();
    if (secret === undefined)
      throw new AppError("CREDENTIAL_MISSING", { message: `The login "${login.name}" for ${this.host} is not there`, fix: `Keep it as USER:PASSWORD with: sbx secret set ${login.name}` });
    return basicAuthorization(secret, login.name);
  }

  #who(): string {
    return this.#parts.login === undefined ? "without a login" : `with the login "${this.#parts.login.name}"`;
  }
}

/** Read an answer that has to be short. @throws AppError `REGISTRY_FAILED` */
export async function readBytes(response: Response, maxBytes: number): Promise<Buffer> {
  const held = new HeldPieces();
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    held.push(chunk);
    if (held.length > maxBytes) throw registryFailed(URL.parse(response.url)?.host ?? "the registry", `its answer is longer than ${maxBytes} bytes`);
  }
  return held.take();
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  return (await readBytes(response, maxBytes)).toString("utf8");
}
