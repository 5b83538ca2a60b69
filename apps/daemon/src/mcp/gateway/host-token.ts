import { randomInt } from "node:crypto";
import { chmodSync, readFileSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { Secret } from "@sbx/secret-injector";
import { writeAtomically } from "../../files/write-atomically.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH = 50;

/** What clients on the host show to the gateway. Made once and kept in a file of mode 0600, so that clients can be set up. */
export function hostToken(stateDirectory: string): Secret {
  const file = path.join(stateDirectory, "mcp-token");
  const kept = read(file);
  if (kept !== undefined) {
    if (!/^[\x21-\x7e]{16,1000}$/.test(kept)) throw new AppError("CONFIG_INVALID", { message: `${file} holds no token`, fix: `Remove it; another is made: rm '${file}'` });
    chmodSync(file, 0o600);
    return new Secret(kept);
  }
  const token = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)] ?? "").join("");
  writeAtomically(file, `${token}\n`);
  return new Secret(token);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** A token as text, for whoever must compare or print it; the one place where it is taken out. */
export function tokenText(token: Secret): string {
  return token.reveal();
}
