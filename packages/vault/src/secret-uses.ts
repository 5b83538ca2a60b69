import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SecretName } from "@sbx/contracts";
import type { SecretUses } from "@sbx/secret-injector";
import * as z from "zod";

/** A use is written down at most this often: a model's key is used many times a minute. */
const EVERY_MS = 60_000;
const MAX_NAMES = 5000;

const UsesDocument = z.strictObject({ version: z.literal(1), lastUsed: z.record(SecretName, z.iso.datetime()) });

/** Remember in a file when each secret was used, to the minute. A file that cannot be read or written is done without. */
export function openSecretUses(file: string, now: () => number): SecretUses {
  const known = readUses(file);
  let writtenAt = Number.NEGATIVE_INFINITY;
  return {
    lastUsed: (name) => known.get(name),
    used: (name) => {
      const isNew = !known.has(name);
      if (isNew && known.size >= MAX_NAMES) return;
      known.set(name, new Date(now()).toISOString());
      if (!isNew && now() - writtenAt < EVERY_MS) return;
      writtenAt = now();
      writeUses(file, known);
    },
  };
}

function readUses(file: string): Map<string, string> {
  try {
    return new Map(Object.entries(UsesDocument.parse(JSON.parse(readFileSync(file, "utf8"))).lastUsed));
  } catch {
    return new Map();
  }
}

function writeUses(file: string, known: ReadonlyMap<string, string>): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, JSON.stringify({ version: 1, lastUsed: Object.fromEntries(known) } satisfies z.input<typeof UsesDocument>), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // Nobody depends on it.
  }
}
