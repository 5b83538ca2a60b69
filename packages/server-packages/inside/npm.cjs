// Runs in the pod of an installation, by `node -e`. Says one JSON document on standard output; everything else goes to
// standard error. Nothing of the package is run: npm is told to ignore scripts.
"use strict";
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const [operation, name, version] = process.argv.slice(1);
const ROOT = "/opt/mcp";
const CACHE = `${ROOT}/.cache`;
// What is refused once is refused again, and an index that is there answers at once.
const ONCE = ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=1000", "--fetch-timeout=120000"];
const QUIET = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--cache", CACHE, ...ONCE];

function npm(args, stdout = 2) {
  return execFileSync("npm", args, { cwd: operation === "install" ? ROOT : "/tmp", encoding: "utf8", maxBuffer: 64 << 20, stdio: ["ignore", stdout, 2] });
}

/** Every file by its place, mode and content, every link by where it leads; nothing of where it was made or when. */
function hashTree(top) {
  const hash = createHash("sha256");
  const walk = (directory) => {
    for (const name of fs.readdirSync(path.join(top, directory)).toSorted()) {
      const at = path.join(directory, name);
      const stat = fs.lstatSync(path.join(top, at));
      if (at === "node_modules/.package-lock.json") continue;
      if (stat.isSymbolicLink()) hash.update(`l ${JSON.stringify(at)} ${JSON.stringify(fs.readlinkSync(path.join(top, at)))}\n`);
      else if (stat.isDirectory()) walk(at);
      else if (stat.isFile()) {
        const content = createHash("sha256")
          .update(fs.readFileSync(path.join(top, at)))
          .digest("hex");
        hash.update(`f ${JSON.stringify(at)} ${(stat.mode & 0o111) === 0 ? "-" : "x"} ${content}\n`);
      } else throw new Error(`${at} is no file`);
    }
  };
  walk("");
  return hash.digest("hex");
}

function sizeOf(top) {
  let bytes = 0;
  for (const entry of fs.readdirSync(top, { recursive: true, withFileTypes: true })) if (entry.isFile()) bytes += fs.lstatSync(path.join(entry.parentPath, entry.name)).size;
  return bytes;
}

const says = {
  /** Where this npm gets packages from when nobody says. */
  index: () => ({ index: npm(["config", "get", "registry"], "pipe").trim() }),
  /** Where the package's own file is, and what its bytes must be. */
  view: () => {
    const found = JSON.parse(npm(["view", `${name}@${version}`, "--json", "--cache", "/tmp/cache", ...ONCE, "dist.tarball", "dist.integrity"], "pipe"));
    const one = Array.isArray(found) ? found.at(-1) : found;
    return { files: [one["dist.tarball"]], integrity: one["dist.integrity"] };
  },
  install: () => {
    const lock = fs.readFileSync(0, "utf8");
    fs.writeFileSync(`${ROOT}/package.json`, JSON.stringify({ name: "mcp-server", version: "0.0.0", private: true, dependencies: { [name]: version } }));
    if (lock !== "") fs.writeFileSync(`${ROOT}/package-lock.json`, lock);
    npm([lock === "" ? "install" : "ci", "--omit=dev", ...QUIET]);
    fs.rmSync(CACHE, { recursive: true, force: true });
    const resolved = fs.readFileSync(`${ROOT}/package-lock.json`, "utf8");
    const entry = JSON.parse(resolved).packages[`node_modules/${name}`];
    const manifest = JSON.parse(fs.readFileSync(`${ROOT}/node_modules/${name}/package.json`, "utf8"));
    const short = name.split("/").at(-1);
    const bins = typeof manifest.bin === "string" ? { [short]: manifest.bin } : (manifest.bin ?? {});
    return { resolved, integrity: entry.integrity, version: entry.version, programs: Object.keys(bins), main: short, tree: hashTree(ROOT), bytes: sizeOf(ROOT) };
  },
};
process.stdout.write(JSON.stringify(says[operation]()));
