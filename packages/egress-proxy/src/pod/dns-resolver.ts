import { CLASS_IN, encodeAnswer, encodeMalformed, parseQuery, TYPE_A, type DnsQuery } from "./dns-message.ts";
import type { NameTable } from "./name-table.ts";
import type { RefusedNames } from "./refused-names.ts";

const LOOPBACK = "127.0.0.1";
/** The address stands for the name as long as the sandbox lives; the time is short so that new rules are seen soon. */
const TTL_SECONDS = 30;
const SERVFAIL = 2;
const NO_RECORD = 0;

export interface ResolverParts {
  readonly hostname: string;
  /** Whether some rule of this pod may allow the name, on some port. */
  readonly mayAllow: (name: string) => boolean;
  /** The address of a name that means something in this pod alone. */
  readonly local?: ((name: string) => string | undefined) | undefined;
  readonly names: NameTable;
  readonly refused: RefusedNames;
  /** Whether a name that has no address yet may get one now. */
  readonly mayAdd: () => boolean;
  /** Told of every question for a name that no rule can allow. */
  readonly onRefused?: ((name: string) => void) | undefined;
  /** Told when there is no address left, or none could be written down. */
  readonly onFailure: (reason: string) => void;
}

/** Answers one message, from what the pod's own tables say and nothing else; `undefined` where silence is the answer. */
export type Resolve = (message: Buffer) => Promise<Buffer | undefined>;

/** No query ever leaves, so nothing can be told through DNS. */
export function createResolver(parts: ResolverParts): Resolve {
  const hostname = parts.hostname.toLowerCase();
  return async (message) => {
    const parsed = parseQuery(message);
    if (parsed.kind === "noise") return undefined;
    if (parsed.kind === "malformed") return encodeMalformed(parsed);
    return encodeAnswer(parsed.query, await answer(parsed.query, { ...parts, hostname }));
  };
}

async function answer({ name, type, class: dnsClass }: DnsQuery, { hostname, local, ...parts }: ResolverParts): Promise<Parameters<typeof encodeAnswer>[1]> {
  if (name === undefined || type !== TYPE_A || dnsClass !== CLASS_IN) return { code: NO_RECORD };
  if (isOwn(name, hostname)) return { address: LOOPBACK, ttlSeconds: TTL_SECONDS };
  const near = local?.(name);
  // Who has the name may be another one the next moment.
  return near === undefined ? addressOf(name, parts) : { address: near, ttlSeconds: 0 };
}

/** The address that stands for a name of the world outside. */
async function addressOf(name: string, { mayAllow, names, refused, mayAdd, onRefused, onFailure }: Omit<ResolverParts, "hostname" | "local">): Promise<Parameters<typeof encodeAnswer>[1]> {
  try {
    if (!mayAllow(name)) {
      onRefused?.(name);
      return { address: refused.addressFor(name), ttlSeconds: 0 };
    }
    if (!names.has(name) && !mayAdd()) return { code: SERVFAIL };
    const address = await names.addressFor(name);
    if (address !== undefined) return { address, ttlSeconds: TTL_SECONDS };
    onFailure("every address stands for a name");
  } catch (error) {
    onFailure(error instanceof Error ? error.message : String(error));
  }
  return { code: SERVFAIL };
}

/** Names by which programs look for themselves. */
function isOwn(name: string, hostname: string): boolean {
  return name === hostname || name === "localhost" || name.endsWith(".localhost");
}
