import type { SandboxRecord } from "@sbx/core";
import type { HostCredential } from "@sbx/egress-proxy";
import type { SecretKeeper } from "@sbx/secret-injector";

/** When a sandbox's requests are made: by its install hooks, or by what runs after them. */
export type SandboxPhase = "install" | "runtime";

/** What the wall puts on a sandbox's requests of one phase: what its Kits were granted, as long as its person leaves the secret bound to the host. */
export function sandboxCredentials({ credentials = [] }: Pick<SandboxRecord, "credentials">, phase: SandboxPhase, secrets: Pick<SecretKeeper, "hostSecret">): readonly HostCredential[] {
  return credentials
    .filter(({ phases = ["runtime"] }) => phases.includes(phase))
    .flatMap(({ service, injections }) =>
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
