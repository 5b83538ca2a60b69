// Plain JavaScript without dependencies: this file is what an old Node reads.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED = 24;
/** The program's own failures end with 125 and up. */
const FAILED = 125;
const SOURCES = "@sbx/source";

export async function launch({ name, from, version = process.versions.node }) {
  const directory = dirname(dirname(fileURLToPath(from)));
  if (Number.parseInt(version, 10) >= NEEDED) return await runHere(directory);
  const node = broughtNode(directory);
  if (node !== undefined) return runUnder(node, process.argv[1] ?? fileURLToPath(from));
  process.stderr.write(`error: ${name} needs Node ${NEEDED} or newer; this is ${version}\n  fix: install Node ${NEEDED}, or in a clone of the project run: npm run quickstart\n`);
  process.exitCode = FAILED;
}

async function runHere(directory) {
  const source = join(directory, "src", "bin.ts");
  const built = join(directory, "dist", "bin.js");
  if (!existsSync(source)) return void (await import(pathToFileURL(built).href));
  // A cache that only this clone's owner can write: compiled code from a shared directory could be anybody's.
  nodeModule.enableCompileCache?.(join(directory, "node_modules", ".cache", "compiled"));
  const bundle = bundled(directory);
  if (bundle === undefined) nodeModule.registerHooks({ resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, SOURCES] }) });
  await import(pathToFileURL(bundle ?? source).href);
}

/** The sources put together into few files, which start faster; none when one of the sources has changed since. */
function bundled(directory) {
  const bundles = join(directory, "node_modules", ".cache", "bundle");
  try {
    const { entry, sources } = JSON.parse(readFileSync(join(bundles, "current.json"), "utf8"));
    return sources.every(([file, size, changed]) => isAsItWas(join(directory, "..", "..", file), size, changed)) ? join(bundles, entry) : undefined;
  } catch {
    return undefined;
  }
}

function isAsItWas(file, size, changed) {
  const now = statSync(file);
  return now.size === size && now.mtimeMs === changed;
}

/** The Node that an installation of the clone brought, in the nearest directory above that has one. */
function broughtNode(directory) {
  const brought = join(directory, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(brought)) return brought;
  return dirname(directory) === directory ? undefined : broughtNode(dirname(directory));
}

function runUnder(node, script) {
  const child = spawn(node, [...process.execArgv, script, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends its signals to both; sent on, they would count twice.
  const own = process.stdin.isTTY === true ? ["SIGINT", "SIGQUIT"] : [];
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) {
    process.on(signal, () => {
      if (!own.includes(signal)) child.kill(signal);
    });
  }
  child.once("error", (error) => {
    process.stderr.write(`error: ${node} cannot be started: ${error.message}\n  fix: npm run quickstart\n`);
    process.exitCode = FAILED;
  });
  child.once("close", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
