import { constants } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts/app-error";
import { looksLikeKey, parseEnvFile } from "@sbx/secret-injector";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { show } from "../show.ts";

const MAX_BYTES = 1024 * 1024;

/** What came of a file: names that were kept, and lines that were not, by number and reason. */
interface Imported {
  readonly file: string;
  readonly kept: readonly string[];
  readonly leftOut: readonly { readonly line: number; readonly reason: string }[];
}

/** Keep every secret of a file. Prints names, line numbers and reasons, never what a line holds. @returns the exit code */
export async function importSecrets({ daemon, io, cwd }: Context, name: string, json: true | undefined): Promise<number> {
  const file = path.resolve(cwd, name);
  const { secrets, leftOut } = parseEnvFile(await readText(file));
  const likely = [...secrets.keys()].filter(looksLikeKey);
  if (likely.length > 0)
    throw new AppError("CONFIG_INVALID", {
      message: `In ${name} something that looks like a key stands where a name belongs; nothing was kept`,
      fix: "Write each line as NAME=VALUE, for example: brave.api_key=…",
    });
  const { client } = await daemon.connect();
  const kept: string[] = [];
  try {
    for (const [secret, value] of secrets) {
      await client.setSecret({ name: secret, value: value.reveal() });
      kept.push(secret);
    }
  } catch (error) {
    for (const secret of kept) io.err(`kept before it failed: ${secret}\n`);
    throw error;
  }
  const result: Imported = { file, kept, leftOut };
  show(io, json, { result, lines });
  return leftOut.length === 0 ? EXIT.done : EXIT.no;
}

function lines({ file, kept, leftOut }: Imported): readonly string[] {
  return [
    ...kept.map((name) => `kept: ${name}`),
    ...leftOut.map(({ line, reason }) => `left out: line ${line}: ${reason}`),
    ...(kept.length === 0 ? ["There was no secret in it."] : [`${cleanText(file)} still has them in the open; remove it when nothing else needs it.`]),
  ];
}

async function readText(file: string): Promise<string> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile() || found.size > MAX_BYTES) throw new AppError("USAGE", { message: `${file} is no file of at most 1 MiB`, fix: "Name a file of NAME=VALUE lines." });
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (AppError.is(error)) throw error;
    throw new AppError("USAGE", { message: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, fix: "Name a file of NAME=VALUE lines." });
  }
}
