import { SecretBinding, SecretName } from "@sbx/contracts";
import { Secret, type VaultContent } from "@sbx/secret-injector";
import * as z from "zod";

/** What is encrypted. Written by us alone, so a document that does not fit is of another version. */
const VaultDocument = z.strictObject({
  version: z.literal(1),
  secrets: z.array(z.strictObject({ name: SecretName, value: z.string(), setAt: z.iso.datetime() })),
  bindings: z.array(SecretBinding),
});

export const EMPTY: VaultContent = { secrets: new Map(), bindings: [] };

/** @throws ZodError or SyntaxError when the document is of another version */
export function decodeContent(text: string): VaultContent {
  const { secrets, bindings } = VaultDocument.parse(JSON.parse(text));
  return { secrets: new Map(secrets.map(({ name, value, setAt }) => [name, { secret: new Secret(value), setAt }])), bindings };
}

export function encodeContent({ secrets, bindings }: VaultContent): string {
  const document = { version: 1, secrets: [...secrets].map(([name, { secret, setAt }]) => ({ name, value: secret.reveal(), setAt })), bindings: [...bindings] } satisfies z.input<typeof VaultDocument>;
  return JSON.stringify(VaultDocument.parse(document));
}
