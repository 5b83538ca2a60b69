import type { SecretUser, VaultStatus } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show, table } from "../show.ts";

/** List the secrets; people are also told where the vault's key lies, beside the list. */
export async function listSecrets({ daemon, io }: Context, json: true | undefined): Promise<void> {
  const { client } = await daemon.connect();
  const [result, vault] = await Promise.all([client.listSecrets({}), client.vaultStatus({})]);
  show(io, json, {
    result,
    lines: (all) =>
      all.length === 0
        ? ["There is no secret. Keep one with: sbx secret set NAME"]
        : table(
            ["NAME", "SOURCE", "FOR", "SET", "LAST USED"],
            all.map(({ name, source, boundTo, setAt, lastUsedAt }) => [name, source, boundTo.map(userText).join(", ") || "nobody", setAt ?? "-", lastUsedAt ?? "-"]),
          ),
  });
  if (json !== true) io.err(`vault: ${vaultText(vault)}\n`);
}

function userText(user: SecretUser): string {
  switch (user.kind) {
    case "model":
      return `model ${user.service}`;
    case "server":
      return `${user.server} (${user.catalog})`;
    case "host":
      return `host ${user.host}`;
  }
}

/** One sentence about the vault. */
export function vaultText(vault: VaultStatus): string {
  if (vault.state === "absent") return "not made yet";
  if (vault.state === "locked") return cleanText(vault.message);
  return vault.key === "keychain" ? "encrypted; its key is in the keychain of this system" : `encrypted; its key is in the file ${cleanText(vault.keyFile ?? "vault.key")}, not in a keychain`;
}
