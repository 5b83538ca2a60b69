import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { createInterface } from "node:readline";
import { AppError } from "@sbx/contracts";
import type { ImageEngine } from "@sbx/core";
import type { Progress } from "./shared-work.ts";

/** The release every image of ours stands on. */
export const DEBIAN_SUITE = "bookworm";

export interface RootRequest {
  readonly engine: ImageEngine;
  /** Under which an imported root file system is kept until it is built on. */
  readonly reference: string;
  /** Program that makes a Debian root file system as a tar on stdout. */
  readonly mmdebstrap: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

interface Strategy {
  readonly name: string;
  readonly find: (request: RootRequest) => Promise<string>;
}

const STRATEGIES: readonly Strategy[] = [
  { name: "what an earlier try left", find: fromEarlierTry },
  { name: "image registry", find: fromRegistry },
  { name: "Debian's packages (mmdebstrap)", find: (request) => fromPackages(request, []) },
  { name: "Debian's packages (mmdebstrap in fakechroot)", find: fromPackagesUnprivileged },
];

/**
 * Bring a minimal Debian into the engine and return its reference: one that an interrupted build left, one from an image
 * registry if any answers, else one made of Debian's own packages on this host.
 *
 * @throws AppError `IMAGE_UNAVAILABLE` with every attempt and its reason in `details.attempts`.
 */
export async function findDebianRoot(request: RootRequest): Promise<string> {
  const attempts: { name: string; why: string }[] = [];
  for (const { name, find } of STRATEGIES) {
    request.progress(`Debian ${DEBIAN_SUITE}: trying ${name}`);
    try {
      return await find(request);
    } catch (error) {
      request.signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      request.progress(`Debian ${DEBIAN_SUITE}: ${name} did not work: ${why}`);
      attempts.push({ name, why });
    }
  }
  throw new AppError("IMAGE_UNAVAILABLE", {
    message: `No minimal Debian could be had. Tried ${attempts.map(({ name, why }) => `${name} (${why})`).join("; ")}.`,
    fix: "Install mmdebstrap (apt-get install mmdebstrap debian-archive-keyring uidmap fakechroot), or let the container engine reach an image registry.",
    details: { attempts },
  });
}

async function fromEarlierTry({ engine, reference }: RootRequest): Promise<string> {
  if ((await engine.findImage(reference)) === undefined) throw new Error("there is nothing");
  return reference;
}

async function fromRegistry({ engine, progress, signal }: RootRequest): Promise<string> {
  const reference = `debian:${DEBIAN_SUITE}-slim`;
  await engine.pull(reference, progress, signal);
  return reference;
}

/** Needs neither root nor user namespaces, which some systems keep from ordinary users. */
async function fromPackagesUnprivileged(request: RootRequest): Promise<string> {
  if (process.getuid?.() === 0) throw new Error("root has no use for it");
  return await fromPackages(request, ["--mode=fakechroot"]);
}

async function fromPackages({ engine, reference, mmdebstrap, progress, signal }: RootRequest, options: readonly string[]): Promise<string> {
  const child = spawn(mmdebstrap, [...options, "--variant=minbase", DEBIAN_SUITE, "-"], { stdio: ["ignore", "pipe", "pipe"], signal });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    progress(line);
  });
  // The engine takes a cut-off tar for a whole one, so the end is passed on only when the program has succeeded.
  const rootfs = new PassThrough();
  child.stdout.pipe(rootfs, { end: false });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`mmdebstrap ended with code ${String(code)}: ${said.slice(-3).join(" | ")}`));
    });
  });
  ended.then(
    () => rootfs.end(),
    (error: Error) => rootfs.destroy(error),
  );
  const [made, imported] = await Promise.allSettled([ended, engine.importRootfs(rootfs, reference, signal).finally(() => child.kill())]);
  if (made.status === "rejected") throw made.reason;
  if (imported.status === "rejected") throw imported.reason;
  return reference;
}
