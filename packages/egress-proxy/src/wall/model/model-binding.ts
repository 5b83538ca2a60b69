import type { Dialect, Secret } from "@sbx/secret-injector";

/** One model service of one sandbox: the placeholder inside, the real key outside, and the only host it goes to. */
export interface ModelBinding {
  /** First segment of the path at `model.sbx.internal`. */
  readonly service: string;
  /** `https:`, or `http://127.0.0.1:PORT` for a model that the daemon runs itself. A path is put before the request's. */
  readonly upstream: URL;
  /** Header that carries the key, lower case, and its form. */
  readonly header: string;
  readonly format: "%s" | "Bearer %s";
  readonly dialect: Dialect;
  /** What the sandbox holds instead of the key. */
  readonly placeholder: string;
  /** Name for `sbx secret set`; the service's own when absent. */
  readonly secretName?: string;
  /** The real key, fetched for each request; `undefined` when there is none. */
  readonly secret: () => Promise<Secret | undefined>;
}

/** Whether a key may be sent there: verified TLS, or a model on this machine's own loopback. */
export function isSafeUpstream({ protocol, hostname, username, password }: URL): boolean {
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && hostname === "127.0.0.1");
}
