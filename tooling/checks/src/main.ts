import path from "node:path";
import { CHECKS } from "./checks.ts";
import { tableOf, type Row } from "./check.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CHECKS.some((check) => check.name === name));

if (unknown.length > 0) {
  console.error(`error: there is no check ${unknown.map((name) => `"${name}"`).join(", ")}\n  fix: name some of these, or none for all: ${CHECKS.map((check) => check.name).join(" ")}`);
  process.exitCode = 2;
} else {
  const rows: Row[] = [];
  for (const { name, keeps, run } of CHECKS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const start = performance.now();
    const outcome = await run(root);
    rows.push({ name, outcome, ms: performance.now() - start });
    if (!outcome.ok) console.log(`\n--- ${name}: ${keeps} ---\n${outcome.output.trimEnd()}`);
  }
  console.log(`\n${tableOf(rows)}`);
  process.exitCode = rows.every((row) => row.outcome.ok) ? 0 : 1;
}
