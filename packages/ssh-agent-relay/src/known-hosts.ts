import { createHmac } from "node:crypto";

const HASHED = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/;

/**
 * Whether a file in the form of `known_hosts` has this key for this host, at SSH's own port. Entries name a host as it is or
 * hashed; patterns, certificate authorities and other ports count for none. A key that is revoked anywhere in it is known for none.
 */
export function isKnownHost(file: string, { host, key }: { readonly host: string; readonly key: Buffer }): boolean {
  const entries = file.split("\n").flatMap((line) => entryOf(line) ?? []);
  const own = entries.filter((entry) => entry.key.equals(key));
  return own.every(({ marker }) => marker !== "@revoked") && own.some(({ marker, hosts }) => marker === undefined && names(hosts, host));
}

interface Entry {
  readonly marker: string | undefined;
  readonly hosts: string;
  readonly key: Buffer;
}

function entryOf(line: string): Entry | undefined {
  const words = line.trim().split(/[ \t]+/u);
  const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
  const [hosts = "", , key] = words;
  return hosts === "" || hosts.startsWith("#") || key === undefined ? undefined : { marker, hosts, key: Buffer.from(key, "base64") };
}

function names(hosts: string, host: string): boolean {
  const [, salt, hash] = HASHED.exec(hosts) ?? [];
  if (salt !== undefined && hash !== undefined) return createHmac("sha1", Buffer.from(salt, "base64")).update(host).digest().equals(Buffer.from(hash, "base64"));
  const all = hosts.toLowerCase().split(",");
  // What an entry leaves out may be what it names.
  return all.includes(host) && !all.some((one) => one.startsWith("!"));
}
