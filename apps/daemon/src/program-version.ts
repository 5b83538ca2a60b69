import { readFileSync } from "node:fs";

/** The version of this program, as its manifest has it. */
export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) throw new Error("the manifest of sbxd has no version");
  return String(manifest.version);
}
