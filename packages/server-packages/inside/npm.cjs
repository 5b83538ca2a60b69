// Runs in the pod of an installation, by `node -e`. Says JSON documents on standard output, a line each; everything else
// goes to standard error. Nothing of the package is run: npm is told to ignore scripts.
"use strict";
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const [operation, name, version, index = ""] = process.argv.slice(1);
const ROOT = "/opt/mcp";
const CACHE = `${ROOT}/.cache`;
// What is refused once is refused again, and an index that is there answers at once.
const ONCE = ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=1000", "--fetch-timeout=120000", "--maxsockets=40"];
const QUIET = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--cache", CACHE, ...ONCE];

function npm(args, stdout = 2) {
  return execFileSync("npm", args, { cwd: operation === "install" ? ROOT : "/tmp", encoding: "utf8", maxBuffer: 64 << 20, stdio: ["ignore", stdout, 2] });
}

function say(document) {
  fs.writeSync(1, `${JSON.stringify(document)}\n`);
}

/** Where this npm gets packages from; its own index where none was named. */
function indexUrl() {
  return index === "" ? npm(["config", "get", "registry"], "pipe").trim() : index;
}

/** Where the package's own file is, and what its bytes must be. */
async function view() {
  const url = indexUrl();
  const address = `${url}${url.endsWith("/") ? "" : "/"}${name.replace("/", "%2f")}`;
  const reply = await fetch(address, { headers: { accept: "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8" }, signal: AbortSignal.timeout(60_000) });
  if (!reply.ok) throw new Error(`the index answers ${reply.status} for ${name}`);
  const { dist } = (await reply.json()).versions?.[version] ?? {};
  if (dist === undefined) throw new Error(`${name} has no version ${version}`);
  return { files: [dist.tarball], integrity: dist.integrity };
}

/** One hash over every file by its place, mode and content, and every link by where it leads, nothing of when; and the size of all files. */
function lookAt(top) {
  const hash = createHash("sha256");
  let bytes = 0;
  const walk = (directory) => {
    for (const name of fs.readdirSync(path.join(top, directory)).toSorted()) {
      const at = path.join(directory, name);
      const stat = fs.lstatSync(path.join(top, at));
      if (at === "node_modules/.package-lock.json") continue;
      if (stat.isSymbolicLink()) {
        const to = fs.readlinkSync(path.join(top, at));
        // A dependency that is a directory elsewhere would be a link to it.
        if (!path.resolve(top, directory, to).startsWith(`${top}/`)) throw new Error(`${at} leads out of the package`);
        hash.update(`l ${JSON.stringify(at)} ${JSON.stringify(to)}\n`);
      } else if (stat.isDirectory()) walk(at);
      else if (stat.isFile()) {
        bytes += stat.size;
        const content = createHash("sha256")
          .update(fs.readFileSync(path.join(top, at)))
          .digest("hex");
        hash.update(`f ${JSON.stringify(at)} ${(stat.mode & 0o111) === 0 ? "-" : "x"} ${content}\n`);
      } else throw new Error(`${at} is no file`);
    }
  };
  walk("");
  return { tree: hash.digest("hex"), bytes };
}

function install(lock) {
  fs.writeFileSync(`${ROOT}/package.json`, JSON.stringify({ name: "mcp-server", version: "0.0.0", private: true, dependencies: { [name]: version } }));
  if (lock !== "") fs.writeFileSync(`${ROOT}/package-lock.json`, lock);
  npm([lock === "" ? "install" : "ci", "--omit=dev", ...QUIET]);
  fs.rmSync(CACHE, { recursive: true, force: true });
  const resolved = fs.readFileSync(`${ROOT}/package-lock.json`, "utf8");
  const entry = JSON.parse(resolved).packages[`node_modules/${name}`];
  const manifest = JSON.parse(fs.readFileSync(`${ROOT}/node_modules/${name}/package.json`, "utf8"));
  const short = name.split("/").at(-1);
  const bins = typeof manifest.bin === "string" ? { [short]: manifest.bin } : (manifest.bin ?? {});
  return { resolved, integrity: entry.integrity, version: entry.version, programs: Object.keys(bins), main: short, ...lookAt(ROOT) };
}

async function main() {
  if (operation === "index") return say({ index: indexUrl() });
  say(await view());
  const answer = fs.readFileSync(0, "utf8");
  // Nothing is installed unless what may be reached was found to be right.
  if (answer === "") throw new Error("nobody said to go on");
  return say(install(JSON.parse(answer).lock));
}
main().catch((error) => {
  process.stderr.write(`${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ""}\n`);
  process.exitCode = 1;
});
