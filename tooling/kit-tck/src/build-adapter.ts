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
export async function buildAdapter(directory: string, settings: AdapterSettings): Promise<string> {
  await mkdir(directory, { recursive: true });
  await seedSkill(settings.env["SBX_CONFIG_DIR"]);
  const program = path.join(directory, "adapter.mjs");
  await build({ entryPoints: [ENTRY], outfile: program, bundle: true, format: "esm", platform: "node", target: "node24", conditions: ["@sbx/source"], banner: { js: REQUIRE }, logLevel: "warning" });
  const whole = { ...settings, env: { ...settings.env, SBX_DAEMON_PROGRAM: DAEMON } };
  await writeFile(path.join(directory, "settings.json"), JSON.stringify(whole), { mode: 0o600 });
  const start = path.join(directory, "sbx-adapter");
  // By its path: what the suite puts into PATH is not to decide which Node runs this.
  await writeFile(start, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(program)} "$@"\n`, { mode: 0o755 });
  return start;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
