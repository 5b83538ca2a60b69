import { availableParallelism } from "node:os";
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
  const checks = CHECKS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const found = new Map<string, Row>();
  const waiting = checks.filter(({ alone }) => alone !== true);
  const lane = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const { name, keeps, run } = one;
      const start = performance.now();
      const outcome = await run(root);
      found.set(name, { name, outcome, ms: performance.now() - start });
      if (!outcome.ok) console.log(`\n--- ${name}: ${keeps} ---\n${outcome.output.trimEnd()}`);
    }
  };
  // Most keep one processor busy.
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  waiting.push(...checks.filter(({ alone }) => alone === true));
  await lane();
  const rows = checks.flatMap(({ name }) => found.get(name) ?? []);
  console.log(`\n${tableOf(rows)}`);
  process.exitCode = rows.every((row) => row.outcome.ok) ? 0 : 1;
}
