import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AppError, SecretName } from "@sbx/contracts";
import { Secret } from "@sbx/secret-injector";
import * as z from "zod";
import { readIfThere } from "./read-if-there.ts";

/** How long a password manager may take; it may have to ask its person. */
const TIMEOUT_MS = 30_000;
/** How long an answer is used before the command is asked again. */
const KEPT_MS = 5 * 60_000;
const MAX_BYTES = 65_536;

/** `secrets.json` in the configuration directory: an argument vector for each secret, run without a shell. */
const SecretCommands = z.strictObject({ version: z.literal(1), commands: z.record(SecretName, z.array(z.string().min(1)).min(1).max(100)) });

export interface CommandSecrets {
  /** @throws AppError `CONFIG_INVALID` for a broken file, `CREDENTIAL_MISSING` when the command fails or says nothing. */
  find(name: string): Promise<Secret | undefined>;
  names(): Promise<readonly string[]>;
}

/** Secrets that a command prints, such as a password manager's. The file is read anew each time: a change holds at once. */
export function createCommandSecrets({
  file,
  environment,
  now,
}: {
  readonly file: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}): CommandSecrets {
  const kept = new Map<string, { readonly secret: Secret; readonly command: string; readonly until: number }>();
  return {
    names: async () => Object.keys(await readCommands(file)),
    async find(name) {
      const argv = (await readCommands(file))[name];
      if (argv === undefined) return undefined;
      const command = JSON.stringify(argv);
      const known = kept.get(name);
      if (known !== undefined && known.command === command && known.until > now()) return known.secret;
      const secret = await ask(name, argv, environment);
      kept.set(name, { secret, command, until: now() + KEPT_MS });
      return secret;
    },
  };
}

async function readCommands(file: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const text = await readIfThere(file);
  if (text === undefined) return {};
  try {
    return SecretCommands.parse(JSON.parse(text)).commands;
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : "it is no JSON document";
    throw new AppError("CONFIG_INVALID", { message: `${file} cannot be used: ${why}`, fix: 'Write it as {"version": 1, "commands": {"anthropic": ["pass", "show", "anthropic"]}}', cause });
  }
}

/** What the command says on its standard error or by its code is told; what it printed never is. */
async function ask(name: string, argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<Secret> {
  const [program = "", ...args] = argv;
  const fix = `Run the command of "${name}" in secrets.json by hand and see that it prints the secret alone.`;
  try {
    const { stdout } = await promisify(execFile)(program, args, { env: { ...environment }, timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES, encoding: "utf8", windowsHide: true });
    if (stdout.trim() !== "") return new Secret(stdout.trim());
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "a signal";
    throw new AppError("CREDENTIAL_MISSING", { message: `The command for the secret "${name}" failed (${code})`, fix });
  }
  throw new AppError("CREDENTIAL_MISSING", { message: `The command for the secret "${name}" printed nothing`, fix });
}
