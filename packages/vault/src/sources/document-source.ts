import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { AppError, type SecretSourceKind } from "@sbx/contracts";
import { Secret, type SecretSource } from "@sbx/secret-injector";
import { runCommand, type CommandLimits } from "./run-command.ts";
import { readSecretsDocument, type SecretOrigin } from "./secrets-document.ts";

/** How long a password manager may take; it may have to ask its person. */
const TIMEOUT_MS = 30_000;
/** How long an answer is used before the command is asked again. */
const KEPT_MS = 5 * 60_000;
const MAX_BYTES = 65_536;

/** Where the document lies, and what its forms draw on. */
export interface DocumentSource {
  readonly file: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a clock. */
  readonly now: () => number;
  readonly limits?: CommandLimits;
}

/** Secrets that the person's `secrets.json` says where to find. It is read anew each time: a change holds at once. */
export function createDocumentSource({ file, environment, now, limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES } }: DocumentSource): SecretSource {
  const kept = new Map<string, Kept>();
  const asking = new Map<string, Promise<Secret>>();
  const fromCommand = async (name: string, argv: readonly string[]): Promise<Secret> => {
    const command = JSON.stringify(argv);
    const known = kept.get(name);
    if (known?.command === command && known.until > now()) return known.secret;
    // A password manager that asks its person is not to ask twice.
    const key = `${name}\0${command}`;
    const question = asking.get(key) ?? ask(name, argv);
    asking.set(key, question);
    try {
      const secret = await question;
      kept.set(name, { secret, command, until: now() + KEPT_MS });
      return secret;
    } finally {
      asking.delete(key);
    }
  };
  const ask = async (name: string, argv: readonly string[]): Promise<Secret> => {
    const result = await runCommand(argv, environment, limits);
    const fix = `Run the command of "${name}" in ${file} by hand and see that it prints the secret alone.`;
    if ("failed" in result) throw new AppError("CREDENTIAL_MISSING", { message: `The command for the secret "${name}" failed (${result.failed})`, fix });
    return valueOf(result.printed) ?? missing(`The command for the secret "${name}" printed nothing`, fix);
  };
  return {
    names: async () => new Map([...(await readSecretsDocument(file))].map(([name, origin]) => [name, kindOf(origin)])),
    find: async (name) => {
      const origin = (await readSecretsDocument(file)).get(name);
      if (origin === undefined) return undefined;
      if ("command" in origin) return await fromCommand(name, origin.command);
      if ("file" in origin) return await fromFile(name, origin.file);
      return (
        valueOf((Object.hasOwn(environment, origin.environment) ? environment[origin.environment] : undefined) ?? "") ??
        missing(`The variable ${origin.environment} for the secret "${name}" is not set in the daemon's environment`, VARIABLES_FIX)
      );
    },
  };
}

interface Kept {
  readonly secret: Secret;
  readonly command: string;
  readonly until: number;
}

const VARIABLES_FIX = "Set it and restart the daemon with: sbx daemon stop. Only variables whose names begin with SBX_ are handed to a daemon that sbx starts.";

function kindOf(origin: SecretOrigin): Exclude<SecretSourceKind, "vault"> {
  if ("command" in origin) return "command";
  return "file" in origin ? "file" : "environment";
}

/** Line ends that an editor or `echo` puts at the end are none of the secret, nor are spaces around one of a single line. */
function valueOf(text: string): Secret | undefined {
  const lines = text.replace(/[\r\n]+$/, "");
  const value = lines.includes("\n") ? lines : lines.trim();
  return value.trim() === "" ? undefined : new Secret(value);
}

function missing(message: string, fix: string): never {
  throw new AppError("CREDENTIAL_MISSING", { message, fix });
}

/** Links are followed: that is how orchestrators mount secrets. */
async function fromFile(name: string, file: string): Promise<Secret> {
  const fix = `Put the secret alone into ${file}, for the user who runs sbx to read.`;
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) return missing(`The file ${file} for the secret "${name}" is no regular file`, fix);
      if (found.size > MAX_BYTES) return missing(`The file ${file} for the secret "${name}" is longer than ${MAX_BYTES} bytes`, fix);
      return valueOf(await handle.readFile("utf8")) ?? missing(`The file ${file} for the secret "${name}" is empty`, fix);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (AppError.is(error)) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new AppError("CREDENTIAL_MISSING", { message: `The file ${file} for the secret "${name}" cannot be read (${code})`, fix });
  }
}
