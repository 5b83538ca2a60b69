// Plain JavaScript without dependencies: this file is what an old Node reads, and what every command begins with.

const NEEDED = 24;
/** The program's own failures end with 125 and up. */
const FAILED = 125;
const SOURCES = "@sbx/source";

export async function launch({ name, from, version = process.versions.node }) {
  if (Number.parseInt(version, 10) >= NEEDED) return await runHere(from);
  const { runUnderBroughtNode } = await import("./run-under-brought-node.mjs");
  if (runUnderBroughtNode(from)) return;
  process.stderr.write(`error: ${name} needs Node ${NEEDED} or newer; this is ${version}\n  fix: install Node ${NEEDED}, or in a clone of the project run: npm run quickstart\n`);
  process.exitCode = FAILED;
}

async function runHere(from) {
  // Not imported: Node would make a copy of all that each of them has, which takes longer than what follows.
  const [fs, path, url, nodeModule] = ["fs", "path", "url", "module"].map((name) => process.getBuiltinModule(name));
  const directory = path.dirname(path.dirname(url.fileURLToPath(from)));
  if (asksForVersion() && saysVersion(path.join(directory, "package.json"), fs)) return;
  const source = path.join(directory, "src", "bin.ts");
  if (!fs.existsSync(source)) return void (await import(url.pathToFileURL(path.join(directory, "dist", "bin.js")).href));
  // A cache that only this clone's owner can write: compiled code from a shared directory could be anybody's.
  nodeModule.enableCompileCache(path.join(directory, "node_modules", ".cache", "compiled"));
  const bundle = bundled(directory, { fs, path });
  if (bundle === undefined) nodeModule.registerHooks({ resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, SOURCES] }) });
  await import(url.pathToFileURL(bundle ?? source).href);
}

function asksForVersion() {
  return process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2]);
}

/** Scripts ask again and again, and nothing of the program is needed for it; only an output that does not take it at once is. */
function saysVersion(manifest, { readFileSync, writeSync }) {
  try {
    writeSync(1, `${JSON.parse(readFileSync(manifest, "utf8")).version}\n`);
    return true;
  } catch {
    return false;
  }
}

/** The sources put together into few files, which start faster; none when one of the sources has changed since. */
function bundled(directory, { fs, path }) {
  const bundles = path.join(directory, "node_modules", ".cache", "bundle");
  const root = path.dirname(path.dirname(directory));
  try {
    const { entry, sources } = JSON.parse(fs.readFileSync(path.join(bundles, "current.json"), "utf8"));
    const isAsItWas = ([file, size, changed]) => {
      const now = fs.statSync(`${root}/${file}`);
      return now.size === size && now.mtimeMs === changed;
    };
    return sources.every(isAsItWas) ? path.join(bundles, entry) : undefined;
  } catch {
    return undefined;
  }
}
