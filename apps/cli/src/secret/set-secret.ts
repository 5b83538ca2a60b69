import { AppError } from "@sbx/contracts/app-error";
import { SecretName } from "@sbx/contracts/secret";
import { looksLikeKey } from "@sbx/secret-injector";
import type { Context } from "../context.ts";
import { readValue } from "./read-value.ts";

/** How a value is given: never among the arguments; `anew` for a secret that is in the vault already. */
export interface SetOptions {
  readonly inArguments: boolean;
  readonly anew: boolean;
}

/** Keep a secret. Its value comes from stdin alone and is never printed, not in an error either. */
export async function setSecret(context: Context, name: string, { inArguments, anew }: SetOptions): Promise<void> {
  if (inArguments)
    throw new AppError("USAGE", {
      message: "The value stands on the command line, where every process sees it and the shell keeps it",
      fix: "Take it back where it came from if others use this machine, then: sbx secret set NAME (asks without echo), or send it to stdin",
    });
  const checked = SecretName.safeParse(name);
  if (!checked.success || looksLikeKey(name))
    throw new AppError("USAGE", {
      message: "That cannot be a secret's name: letters, digits, dots, dashes and underscores, and nothing that looks like a key",
      fix: "Write for example: sbx secret set anthropic",
    });
  const value = await readValue(context, name);
  const { client } = await context.daemon.connect();
  await (anew ? client.rotateSecret({ name, value }) : client.setSecret({ name, value }));
  context.io.err(`kept: ${name}\n`);
}
