import { AppError, SecretName } from "@sbx/contracts";
import { looksLikeKey } from "@sbx/secret-injector";
import type { Context } from "../context.ts";
import { readHidden } from "./read-hidden.ts";

const MAX_BYTES = 65_536;

/** Keep a secret. Its value comes from stdin alone and is never printed, not in an error either. */
export async function setSecret(context: Context, name: string, { inArguments }: { readonly inArguments: boolean }): Promise<void> {
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
  const value = (await readValue(context, name)).replace(/\r?\n$/, "");
  if (value === "") throw new AppError("USAGE", { message: "There is no value: stdin was empty", fix: "Send the value to stdin, or type it at the prompt." });
  const { client } = await context.daemon.connect();
  await client.setSecret({ name, value });
  context.io.err(`kept: ${name}\n`);
}

async function readValue(context: Context, name: string): Promise<string> {
  const kind = context.io.stdinKind();
  if (kind === "terminal") return await readHidden(context, `value of ${name} (not shown): `);
  if (kind === "nothing") throw new AppError("USAGE", { message: "There is nothing on stdin, and no terminal to ask", fix: "Send the value to stdin: sbx secret set NAME < FILE" });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of context.io.stdin() as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new AppError("USAGE", { message: `The value is longer than ${MAX_BYTES} bytes`, fix: "Send the key alone." });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
