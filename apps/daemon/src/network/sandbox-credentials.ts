import type { SandboxRecord } from "@sbx/core";
import type { HostCredential } from "@sbx/egress-proxy";
import type { SecretKeeper } from "@sbx/secret-injector";

/** What the wall puts on a sandbox's requests: what its Kits were granted, as long as its person leaves the secret bound to the host. */
export function sandboxCredentials({ credentials = [] }: Pick<SandboxRecord, "credentials">, secrets: Pick<SecretKeeper, "hostSecret">): readonly HostCredential[] {
  return credentials.flatMap(({ service, injections }) =>
    injections.map(({ domain, header, format, username }): HostCredential => {
      const [, port = ""] = /^[^:]*(:.*)?$/.exec(domain) ?? [];
      return {
        service,
        domain,
        header,
        format,
        ...(username === undefined ? {} : { username }),
        secret: (host) => secrets.hostSecret(service, `${host}${port}`),
        fix: `sbx secret set ${service}; sbx secret bind ${service} --host ${domain.startsWith("*") ? `'${domain}'` : domain}`,
      };
    }),
  );
}
