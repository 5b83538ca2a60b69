import { readFile } from "node:fs/promises";
import { AppError, SecretName } from "@sbx/contracts";
import * as z from "zod";

const Text = z.string().min(1).max(4096);

/** Where one secret is had from: a command's output, a file's content, or a variable of the daemon's environment. */
export const SecretOrigin = z.union([
  /** An argument vector, run without a shell. */
  z.strictObject({ command: z.array(Text).min(1).max(100) }),
  /** An absolute path. */
  z.strictObject({ file: Text.refine((path) => path.startsWith("/"), "an absolute path") }),
  z.strictObject({ environment: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable") }),
]);
export type SecretOrigin = z.infer<typeof SecretOrigin>;

/** `secrets.json` in the configuration directory. Strict: a person writes it, and a slip must be seen. */
const Document = z.union([
  z.strictObject({ version: z.literal(2), secrets: z.record(SecretName, SecretOrigin) }),
  z.strictObject({ version: z.literal(1), commands: z.record(SecretName, z.array(Text).min(1).max(100)) }),
]);

const EXAMPLE = '{"version": 2, "secrets": {"anthropic": {"command": ["pass", "show", "anthropic"]}, "brave.api_key": {"file": "/run/secrets/brave"}, "openai": {"environment": "SBX_OPENAI_KEY"}}}';

/** Read where secrets are had from; nothing when there is no such file. @throws AppError `CONFIG_INVALID` */
export async function readSecretsDocument(file: string): Promise<ReadonlyMap<string, SecretOrigin>> {
  const text = await readIfThere(file);
  if (text === undefined) return new Map();
  try {
    const document = Document.parse(JSON.parse(text));
    if (document.version === 2) return new Map(Object.entries(document.secrets));
    return new Map(Object.entries(document.commands).map(([name, command]) => [name, { command }]));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : "it is no JSON document";
    throw new AppError("CONFIG_INVALID", { message: `${file} cannot be used: ${why}`, fix: `Write it as ${EXAMPLE}` });
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new AppError("CONFIG_INVALID", { message: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, fix: "Give it to the user who runs sbx, as a file." });
  }
}
