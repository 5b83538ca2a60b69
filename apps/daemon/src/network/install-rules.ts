import type { Rule } from "@sbx/contracts";
import { guardAddress, systemResolve, type Resolve } from "@sbx/egress-proxy";

export interface InstallRulesParts {
  readonly resolve?: Resolve;
  /** Addresses of this machine. */
  readonly own: () => readonly string[];
}

/**
 * The rules that let an installation reach a package index, and the hosts where that says its files are.
 *
 * The person's own npm or pip is set to this index. Where it lies in a private network its addresses are named too, and
 * then those of its files: names alone would not open them. Never this machine, nor a metadata service.
 */
export function createInstallRules({ resolve = systemResolve, own }: InstallRulesParts): (index: URL, files: readonly URL[]) => Promise<readonly Rule[]> {
  const privateAddresses = async (url: URL): Promise<readonly string[]> => {
    const found = await resolve(url.hostname).catch((): readonly string[] => []);
    return found.filter((address) => {
      const guarded = guardAddress(address, own());
      return guarded !== undefined && guarded.namedBy < 32 && /^\d+(\.\d+){3}$/.test(address);
    });
  };
  return async (index, files) => {
    const indexAddresses = await privateAddresses(index);
    const fileHosts = [...new Map(files.map((url) => [url.host, url])).values()].filter(({ host }) => host !== index.host);
    const fileAddresses = indexAddresses.length === 0 ? [] : (await Promise.all(fileHosts.map(async (url) => (await privateAddresses(url)).map((address) => `${address}:${portOf(url)}`)))).flat();
    const destinations = [
      `${index.hostname}:${portOf(index)}`,
      ...indexAddresses.map((address) => `${address}:${portOf(index)}`),
      ...fileHosts.map((url) => `${url.hostname}:${portOf(url)}`),
      ...fileAddresses,
    ];
    return [...new Set(destinations)].map((to, at): Rule => ({ id: `install:${at + 1}`, effect: "allow", to, layer: "profile" }));
  };
}

function portOf({ port, protocol }: URL): string {
  return port === "" ? (protocol === "http:" ? "80" : "443") : port;
}
