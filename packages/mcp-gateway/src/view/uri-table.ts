/** URIs that a scope sees and another server already has begin with this, then the server's name and the URI itself. */
const SCHEME = "sbx-mcp://";
/** URIs that one server can claim in the life of a scope; what it lists beyond them has the long form. */
const URIS_PER_SERVER = 20_000;
/** Longer ones are claimed by nobody, so that a server cannot fill the table. */
const MAX_CLAIMED_LENGTH = 1024;

/** A resource of one server, by the URI that the server knows. */
export interface ResourceOwner {
  readonly server: string;
  readonly uri: string;
}

/**
 * URIs under which a scope sees the resources and templates of all its servers. A URI stays as it is; where a second
 * server has the same one, the second's is `sbx-mcp://SERVER/URI`. That form is understood for every server; a
 * server whose own URIs look like it gets it put before them, so that none of its names leads to another server.
 */
export class UriTable {
  readonly #owners = new Map<string, string>();
  readonly #claims = new Map<string, number>();

  /** Take a URI for a server, unless another one has it, and give the form that the scope sees. */
  claim(server: string, uri: string): string {
    if (isLongForm(uri) || uri.length > MAX_CLAIMED_LENGTH) return longForm(server, uri);
    const claims = this.#claims.get(server) ?? 0;
    if (!this.#owners.has(uri)) {
      if (claims >= URIS_PER_SERVER) return longForm(server, uri);
      this.#claims.set(server, claims + 1);
      this.#owners.set(uri, server);
    }
    return this.shown(server, uri);
  }

  /** The form in which the scope sees a URI that a server speaks of. */
  shown(server: string, uri: string): string {
    if (isLongForm(uri)) return longForm(server, uri);
    const owner = this.#owners.get(uri);
    return owner === undefined || owner === server ? uri : longForm(server, uri);
  }

  /** Whose URI it is; `undefined` for one that nobody listed. */
  ownerOf(uri: string): ResourceOwner | undefined {
    if (uri.startsWith(SCHEME)) {
      const slash = uri.indexOf("/", SCHEME.length);
      return slash === -1 ? undefined : { server: uri.slice(SCHEME.length, slash), uri: uri.slice(slash + 1) };
    }
    const server = this.#owners.get(uri);
    return server === undefined ? undefined : { server, uri };
  }
}

function isLongForm(uri: string): boolean {
  return uri.slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

function longForm(server: string, uri: string): string {
  return `${SCHEME}${server}/${uri}`;
}

/** Whether a URI could come from a template: the fixed parts occur in their order, the first at the start, the last at the end. */
export function couldMatch(template: string, uri: string): boolean {
  const fixed = template.split(/\{[^{}]*\}/);
  const [first = "", ...rest] = fixed;
  const last = rest.pop();
  if (last === undefined) return template === uri;
  if (!uri.startsWith(first) || !uri.endsWith(last) || uri.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = uri.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= uri.length - last.length;
}
