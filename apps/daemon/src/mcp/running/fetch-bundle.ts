import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { AppError, HeldPieces, type Rule } from "@sbx/contracts";
import { compilePolicy, type CompiledPolicy } from "@sbx/egress-policy";
import { createGuardedFetch, type GuardedFetchOptions } from "@sbx/egress-proxy";
import { serverRules } from "../../policy/server-policy.ts";

const MAX_BYTES = 256 << 20;
const TIMEOUT_MS = 5 * 60_000;
const MAX_HOPS = 5;

export interface FetchBundleParts {
  /** What the person denies for everything. */
  readonly denials: () => readonly Rule[];
  /** How addresses are found and dialled; the system's by default. */
  readonly world?: Pick<GuardedFetchOptions, "resolve" | "connect" | "hostAddresses" | "proxyFor" | "trust">;
}

/**
 * Reads the bytes of a bundle, which its entry names by their hash: an ordinary file of this machine, or an https address.
 * Whoever keeps bundles often keeps the bytes elsewhere: redirects are followed to any public host, and nothing of the
 * person's goes along.
 */
export function createFetchBundle(parts: FetchBundleParts): (from: string, signal: AbortSignal) => Promise<Buffer> {
  return async (from, signal) => {
    const url = /^https?:/i.test(from) ? URL.parse(from) : undefined;
    if (url === null) throw refused(from, "it is no address");
    return url === undefined ? readOrdinaryFile(from) : download(url, parts, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
  };
}

async function download(start: URL, { denials, world = {} }: FetchBundleParts, signal: AbortSignal): Promise<Buffer> {
  let url = start;
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    await using guarded = createGuardedFetch({ policy: () => policyFor(url, denials()), origin: url.origin, redirects: "give", record: () => undefined, ...world });
    const response = await guarded.fetch(url.href, { signal, headers: { accept: "*/*" } });
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      const next = URL.parse(location, url.href);
      if (next === null) throw refused(url.host, "it redirects to no address");
      url = next;
      continue;
    }
    if (response.status !== 200) throw refused(url.host, `it answers with status ${response.status}`);
    return await readBody(response, url.host);
  }
  throw refused(start.host, "it goes round in redirects");
}

/** A name of the internet, as for what an entry says: an address or this machine is never named by where a bundle is. */
function policyFor({ hostname, port }: URL, denials: readonly Rule[]): CompiledPolicy {
  const rule: Rule = { id: "bundle", effect: "allow", to: `${hostname}:${port === "" ? "443" : port}`, layer: "profile" };
  return compilePolicy(serverRules({ shared: denials, own: [], rules: hostname.startsWith("[") ? [] : [rule], purpose: "run" }));
}

async function readBody(response: Response, host: string): Promise<Buffer> {
  const held = new HeldPieces();
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    held.push(chunk);
    if (held.length > MAX_BYTES) throw refused(host, "it is larger than 256 MiB");
  }
  return held.take();
}

/** No link, pipe or device: what is read is what lies there. */
async function readOrdinaryFile(path: string): Promise<Buffer> {
  if (!path.startsWith("/")) throw refused(path, "its path is not absolute");
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    throw refused(path, error instanceof Error && "code" in error ? `it cannot be opened (${String(error.code)})` : "it cannot be opened");
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refused(path, "it is no file");
    if (stat.size > MAX_BYTES) throw refused(path, "it is larger than 256 MiB");
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function refused(what: string, why: string): AppError {
  return new AppError("SERVER_FAILED", {
    message: `The bundle at "${what.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, "?")}" is not used: ${why}`,
    fix: "Correct where the catalog's entry says that it is.",
  });
}
