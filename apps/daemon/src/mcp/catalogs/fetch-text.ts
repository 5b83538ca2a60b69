import { AppError, HeldPieces } from "@sbx/contracts";
import type { Dispatcher } from "undici";
import { isLoopback, type WebDispatcher } from "../../web/web-dispatcher.ts";

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 8 << 20;
const MAX_REDIRECTS = 5;

/** Reads an address for a person. */
export type FetchText = (url: string, signal: AbortSignal) => Promise<string>;

/**
 * Reads what a person's own address gives: https only, also after redirects, at most 8 MiB and 30 seconds; nothing of
 * this machine is sent along. http is for loopback, where a person tries things out. What a person names may be in a
 * private network; what that sends to has to be public, unless it is the same host.
 */
export function createFetchText(dispatcherOf: WebDispatcher): FetchText {
  return async (start, signal) => {
    const named = checked(start);
    let url = named;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const { statusCode, headers, body } = await ask(url, { dispatcher: await wayTo(url, { named, dispatcherOf }), signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
      const location = headers["location"];
      if (statusCode >= 300 && statusCode < 400 && typeof location === "string") {
        await body.dump();
        const next = checked(URL.parse(location, url.href)?.href ?? location);
        // What a person names may be here; what somebody else's address sends to may not.
        if (isLoopback(next.hostname) && !isLoopback(url.hostname)) throw failed(url, "it sends to this machine itself");
        url = next;
        continue;
      }
      if (statusCode !== 200) {
        await body.dump();
        throw failed(url, `it answered ${statusCode}`);
      }
      return await readText(url, body);
    }
    throw failed(named, `it goes round in more than ${MAX_REDIRECTS} redirects`);
  };
}

async function wayTo(url: URL, { named, dispatcherOf }: { readonly named: URL; readonly dispatcherOf: WebDispatcher }): ReturnType<WebDispatcher> {
  const own = url.hostname === named.hostname || (isLoopback(url.hostname) && isLoopback(named.hostname));
  try {
    return await dispatcherOf(url, own ? "anywhere" : "public");
  } catch (error) {
    throw failed(url, `${named.host} sends there, and ${error instanceof Error ? error.message : String(error)}`, { cause: error, fix: "If that is what you mean, name this address itself." });
  }
}

async function ask(url: URL, { dispatcher, signal }: { readonly dispatcher: Dispatcher; readonly signal: AbortSignal }): Promise<Dispatcher.ResponseData> {
  const headers = { accept: "application/json, application/yaml, text/*;q=0.9" };
  try {
    return await dispatcher.request({ origin: url.origin, path: `${url.pathname}${url.search}`, method: "GET", headers, signal });
  } catch (error) {
    throw failed(url, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function readText(url: URL, body: AsyncIterable<Buffer>): Promise<string> {
  const held = new HeldPieces();
  try {
    for await (const chunk of body) {
      held.push(chunk);
      if (held.length > MAX_BYTES) throw failed(url, "it is longer than 8 MiB");
    }
  } catch (error) {
    throw AppError.is(error) ? error : failed(url, error instanceof Error ? error.message : String(error), { cause: error });
  }
  return held.take().toString("utf8");
}

function checked(text: string): URL {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "")
    throw new AppError("USAGE", { message: `"${text}" is no address that is read from here`, fix: "Write an https address without a name and password in it." });
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new AppError("USAGE", { message: `${url.href} is not https: anybody on the way could change what it gives`, fix: "Use the https address, or download the file and import that." });
}

function failed(url: URL, why: string, { cause, fix = "Look at the address in a browser; a proxy is taken from HTTPS_PROXY." }: { readonly cause?: unknown; readonly fix?: string } = {}): AppError {
  return new AppError("REGISTRY_FAILED", { message: `${url.origin}${url.pathname} cannot be read: ${why}`, fix, ...(cause === undefined ? {} : { cause }) });
}
