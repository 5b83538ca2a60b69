import { AppError, type Rule } from "@sbx/contracts";
import { compilePolicy, HOST_GATEWAY, isReservedName, parseDestinationPattern, parseHost, type CompiledPolicy } from "@sbx/egress-policy";
import { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from "@sbx/egress-proxy";

/** What decides where registries may lead, and how the world is reached. */
export interface RegistryWaysParts {
  /** Host, and port where it has one, as the person's rule names it. */
  readonly registry: string;
  /** All rules of the sandbox, asked for each request. @throws AppError `CONFIG_INVALID` */
  readonly rules: () => readonly Rule[];
  /** How addresses are found and dialled; the system's by default. */
  readonly world?: Pick<GuardedFetchOptions, "resolve" | "connect" | "hostAddresses" | "proxyFor" | "trust">;
}

/**
 * The ways to one registry, and to where it keeps its bytes.
 *
 * A rule of images names the registry, so its host is reached; everything else is decided as the wall does: https alone,
 * each address vetted when it is dialled, what the person denies denied here too, private addresses only where a rule
 * names them. A registry on this machine's own loopback is spoken to in plain HTTP, at its own address and no other.
 */
export class RegistryWays implements AsyncDisposable {
  readonly origin: string;
  readonly isLocal: boolean;
  readonly #parts: RegistryWaysParts;
  readonly #open = new Map<string, GuardedFetch>();

  constructor(parts: RegistryWaysParts) {
    const host = parts.registry.replace(/:\d+$/, "");
    this.#parts = parts;
    this.isLocal = host === "localhost" || /^127\.\d+\.\d+\.\d+$/.test(host);
    this.origin = `${this.isLocal ? "http" : "https"}://${parts.registry === "docker.io" ? "registry-1.docker.io" : parts.registry}`;
  }

  /** Redirects are given to the caller. @throws AppError `EGRESS_DENIED`, `REGISTRY_FAILED` */
  async fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      if (this.isLocal && url.origin === this.origin) return await fetch(url, { ...init, redirect: "manual" });
      return await this.#to(url).fetch(url.href, init);
    } catch (error) {
      init.signal?.throwIfAborted();
      throw this.#failure(url, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map((one) => one[Symbol.asyncDispose]()));
  }

  #to(url: URL): GuardedFetch {
    const there = this.#open.get(url.origin);
    if (there !== undefined) return there;
    const made = createGuardedFetch({ policy: () => this.#policy(url), origin: url.origin, redirects: "give", record: () => undefined, ...this.#parts.world });
    this.#open.set(url.origin, made);
    return made;
  }

  #policy({ hostname, port, origin }: URL): CompiledPolicy {
    const to = `${hostname}:${port === "" ? "443" : port}`;
    const name = parseHost(hostname);
    // To an address only the person's own words lead: those of the rule of images, or one of addresses.
    const opens = name === undefined ? origin === this.origin && /^[\d.]+$/.test(hostname) : name !== HOST_GATEWAY && !isReservedName(name);
    const rule: Rule = { id: "registry", effect: "allow", to, layer: "profile" };
    return compilePolicy([...this.#parts.rules().filter(isCeiling), ...(opens ? [rule] : [])]);
  }

  #failure(url: URL, error: unknown): AppError {
    if (!AppError.is(error)) return registryFailed(url.host, `it could not be reached (${codeOf(error)})`, error);
    if (error.code !== "SERVER_DENIED") return AppError.is(error) && error.code === "SERVER_FAILED" ? registryFailed(url.host, error.message, error) : error;
    return new AppError("EGRESS_DENIED", {
      message: error.message,
      fix: "See the rules with: sbx policy ls; a registry with a private address needs a rule of that: sbx policy allow ADDRESS:PORT",
      cause: error,
    });
  }
}

/** What the person denies, and the addresses that they opened: names of the sandbox's are no names of registries. */
function isCeiling({ effect, to }: Rule): boolean {
  return effect === "deny" || parseDestinationPattern(to).host.kind === "network";
}

/** A failure of a registry, in words for a person. */
export function registryFailed(host: string, why: string, cause?: unknown): AppError {
  return new AppError("REGISTRY_FAILED", {
    message: `${host}: ${why}`,
    fix: "Look whether the image's name is right and its registry can be reached from this machine.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "no answer";
}
