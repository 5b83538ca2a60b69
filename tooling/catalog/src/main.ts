import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "@sbx/contracts";
import { stringify } from "yaml";
import { listTools } from "./list-tools.ts";
import { toolRow } from "./tool-row.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { env: { type: "string", multiple: true, default: [] }, timeout: { type: "string", default: "60" } } });
if (positionals.length === 0) {
  console.error("usage: npm run catalog:tools -- [--env NAME=VALUE]… [--timeout SECONDS] -- COMMAND [ARGUMENT]…");
  process.exit(2);
}
const home = await mkdtemp(path.join(tmpdir(), "sbx-catalog-"));
try {
  const env = Object.fromEntries(values.env.map((pair) => [pair.split("=", 1)[0] ?? "", pair.slice(pair.indexOf("=") + 1)]));
  const { info, tools } = await listTools({ command: positionals, env: { PATH: process.env["PATH"] ?? "", HOME: home, ...env }, cwd: home, timeoutMs: Number(values.timeout) * 1000 });
  const rows = tools.map(toolRow);
  console.log(`# ${info.name} ${info.version}: ${rows.length} tools, ${rows.reduce((sum, { tokens = 0 }) => sum + tokens, 0)} tokens`);
  console.log(stringify({ tools: rows }, { lineWidth: 0 }).trimEnd());
} catch (error) {
  if (!AppError.is(error)) throw error;
  console.error(`error: ${error.message}\n  fix: ${error.fix}`);
  process.exitCode = 1;
} finally {
  await rm(home, { recursive: true, force: true });
}
