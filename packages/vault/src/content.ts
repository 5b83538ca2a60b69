import { HostBinding, SecretBinding, SecretName } from "@sbx/contracts";
import { Secret, type VaultContent } from "@sbx/secret-injector";
import * as z from "zod";

const secrets = z.array(z.strictObject({ name: SecretName, value: z.string(), setAt: z.iso.datetime() }));
const bindings = z.array(SecretBinding);

/** What is encrypted. Written by us alone, so a document that does not fit is of another version. */
const VaultDocument = z.strictObject({ version: z.literal(2), secrets, bindings, hosts: z.array(HostBinding) });
/** As it was before secrets were bound to hosts; read, and written in the newer form. */
const VaultWithoutHosts = z.strictObject({ version: z.literal(1), secrets, bindings }).transform((document) => ({ ...document, hosts: [] }));
const AnyVaultDocument = z.union([VaultDocument, VaultWithoutHosts]);

export const EMPTY: VaultContent = { secrets: new Map(), bindings: [], hosts: [] };

/** @throws ZodError or SyntaxError when the document is of another version */
export function decodeContent(text: string): VaultContent {
  const document = AnyVaultDocument.parse(JSON.parse(text));
  return { secrets: new Map(document.secrets.map(({ name, value, setAt }) => [name, { secret: new Secret(value), setAt }])), bindings: document.bindings, hosts: document.hosts };
}

export function encodeContent(content: VaultContent): string {
  const document = {
    version: 2,
    secrets: [...content.secrets].map(([name, { secret, setAt }]) => ({ name, value: secret.reveal(), setAt })),
    bindings: [...content.bindings],
    hosts: [...content.hosts],
  } satisfies z.input<typeof VaultDocument>;
  return JSON.stringify(VaultDocument.parse(document));
}
