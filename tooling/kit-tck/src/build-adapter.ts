import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { AdapterSettings } from "./adapter-settings.ts";
import { seedSkill } from "./seed-skill.ts";

const ENTRY = fileURLToPath(new URL("./main-adapter.ts", import.meta.url));
const DAEMON = fileURLToPath(new URL("../../../apps/daemon/bin/sbxd.mjs", import.meta.url));
const REQUIRE = 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/** Put the adapter together into one file in a directory, with its settings beside it. Resolves with the path of what the suite starts. */
export async function buildAdapter(directory: string, settings: Omit<AdapterSettings, "stores">): Promise<string> {
  await mkdir(directory, { recursive: true });
  await seedSkill(settings.env["SBX_CONFIG_DIR"]);
  const program = path.join(directory, "adapter.mjs");
  await build({ entryPoints: [ENTRY], outfile: program, bundle: true, format: "esm", platform: "node", target: "node24", conditions: ["@sbx/source"], banner: { js: REQUIRE }, logLevel: "warning" });
  const whole: AdapterSettings = { ...settings, stores: await makeStores(settings.directory), env: { ...settings.env, SBX_DAEMON_PROGRAM: DAEMON } };
  await writeFile(path.join(directory, "settings.json"), JSON.stringify(whole), { mode: 0o600 });
  const start = path.join(directory, "sbx-adapter");
  // By its path: what the suite puts into PATH is not to decide which Node runs this.
  await writeFile(start, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(program)} "$@"\n`, { mode: 0o755 });
  return start;
}

/** Places for daemons of their own, so that the stores of others stay as they are: one without a directory of skills, one with an empty one. */
async function makeStores(directory: string): Promise<AdapterSettings["stores"]> {
  const placeOf = (name: string): { readonly SBX_STATE_DIR: string; readonly SBX_CONFIG_DIR: string } => ({
    SBX_STATE_DIR: path.join(directory, name, "state"),
    SBX_CONFIG_DIR: path.join(directory, name, "config"),
  });
  const [missing, empty] = [placeOf("missing"), placeOf("empty")];
  await mkdir(missing.SBX_CONFIG_DIR, { recursive: true });
  await mkdir(path.join(empty.SBX_CONFIG_DIR, "skills"), { recursive: true });
  return { missing, empty };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
