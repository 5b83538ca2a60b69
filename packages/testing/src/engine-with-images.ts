import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { askEngine, OwnEngine, type OwnEngineOptions } from "./own-engine.ts";

/** What nobody used for so long goes when others are kept: each takes as much room as its images. */
const UNUSED_MS = 24 * 60 * 60 * 1000;
const PREFIX = "engine-images-";

/**
 * Start a Docker engine of one's own that has images of another one, whose socket is `from`, from its first moment on.
 *
 * They are brought once for all who ask for the same, and kept in the cache of tests. An engine then gets a copy of the
 * notes about them, and links to the files of their layers: those it reads only, as it takes away directories as a whole.
 */
export async function startEngineWith(from: string, references: readonly string[], options: Omit<OwnEngineOptions, "fill"> = {}): Promise<OwnEngine> {
  const kept = await keepImages(from, references);
  return await OwnEngine.start("docker", {
    ...options,
    fill: (data) => {
      mkdirSync(data);
      for (const name of readdirSync(kept)) place(join(kept, name), join(data, name), { linked: name === "overlay2" });
    },
  });
}

/** Copy or link a tree as it is. What lies on another file system cannot be linked. */
function place(from: string, to: string, { linked }: { readonly linked: boolean }): void {
  const alike = statSync(from).dev === statSync(join(to, "..")).dev;
  execFileSync("cp", ["--archive", ...(linked && alike ? ["--link"] : []), from, to]);
}

/** The data of an engine that has these images and nothing else, and does not run. */
async function keepImages(from: string, references: readonly string[]): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sbx-tests");
  mkdirSync(cache, { recursive: true });
  const ids = await Promise.all(references.map((reference) => idOf(from, reference)));
  const made = JSON.stringify([execFileSync("dockerd", ["--version"], { encoding: "utf8" }), references, ids]);
  const kept = join(cache, `${PREFIX}${createHash("sha256").update(made).digest("hex").slice(0, 16)}`);
  // Files of tests begin side by side: the first one makes it, the others wait for that.
  await using _lock = await lock(`${kept}.lock`);
  if (!existsSync(kept)) {
    removeUnused(cache);
    const fresh = mkdtempSync(`${kept}.`);
    try {
      await using maker = await OwnEngine.start("docker");
      await maker.load(from, references);
      await maker.stop("SIGTERM");
      execFileSync("cp", ["--archive", `${maker.data}/.`, fresh]);
      renameSync(fresh, kept);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  utimesSync(kept, new Date(), new Date());
  return kept;
}

async function idOf(from: string, reference: string): Promise<string> {
  const answer = await askEngine(from, { method: "GET", path: `/images/${encodeURIComponent(reference)}/json` });
  if (answer.statusCode !== 200) throw new Error(`there is no image ${reference}: ${String(answer.statusCode)}`);
  // The engine's own document: an image always has an id.
  return ((await json(answer)) as { readonly Id: string }).Id;
}

function removeUnused(cache: string): void {
  for (const name of readdirSync(cache).filter((one) => one.startsWith(PREFIX))) {
    const file = join(cache, name);
    if (Date.now() - statSync(file).mtimeMs > UNUSED_MS) rmSync(file, { recursive: true, force: true });
  }
}

/** Hold a lock until disposed of, or until this process ends. */
async function lock(file: string): Promise<AsyncDisposable> {
  const holder = spawn("flock", [file, "sh", "-c", "echo held; cat"], { stdio: ["pipe", "pipe", "inherit"] });
  await Promise.race([once(holder.stdout, "data"), once(holder, "close").then(() => Promise.reject(new Error(`${file} cannot be locked`)))]);
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(holder, "close");
      holder.stdin.end();
      await ended;
    },
  };
}
