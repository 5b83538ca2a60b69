import { randomBytes } from "node:crypto";
import { AppError, type Rule, type ServerSource } from "@sbx/contracts";
import { serverLabels, type Engine, type EngineId, type ServerPods } from "@sbx/core";
import { unpackBundle } from "./bundle/unpack-bundle.ts";
import { NPM, PYPI } from "./client.ts";
import { installPackage } from "./install-package.ts";
import { KnownPlaces } from "./known-places.ts";
import { LockStore, type LockKey } from "./lock-store.ts";
import type { PackageLock } from "./package-lock.ts";
import { PACKAGE_DIRECTORY } from "./run-step.ts";

/** Sources of servers that are packages. */
export type PackageSource = Extract<ServerSource, { readonly kind: "npm" | "pypi" | "bundle" }>;

/** A package that is ready to be run. */
export interface ReadyPackage {
  readonly image: EngineId;
  /** The engine's volume, to be mounted read-only at {@link PACKAGE_DIRECTORY}. */
  readonly volume: string;
  readonly target: string;
  /** Begins the argument vector of the server's program. */
  readonly command: readonly string[];
}

/** What installations need of the world. */
export interface ServerPackagesParts {
  readonly engine: () => Promise<Engine>;
  readonly pods: Pick<ServerPods, "start">;
  /** The image in which packages are installed and run. */
  readonly image: (progress: (line: string) => void, signal: AbortSignal) => Promise<EngineId>;
  /** Where this host's own client of a kind gets packages from; `undefined` where it says nothing. */
  readonly index: (kind: "npm" | "pypi", signal: AbortSignal) => Promise<string | undefined>;
  /** The rules that let an installation reach the index, and where that says its files are. */
  readonly reach: (index: URL, files: readonly URL[]) => Promise<readonly Rule[]>;
  /** The bytes of a bundle, by address or path, at most 256 MiB. @throws AppError `SERVER_FAILED`, `SERVER_DENIED` */
  readonly fetchBundle: (from: string, signal: AbortSignal) => Promise<Buffer>;
  readonly lockDirectory: string;
  readonly owner: string;
  readonly now: () => Date;
}

/** What one installation works with. */
export interface Installation {
  readonly parts: ServerPackagesParts;
  readonly places: KnownPlaces;
  readonly server: string;
  readonly image: EngineId;
  /** Fresh and empty. */
  readonly volume: string;
  readonly key: LockKey;
  readonly lock: PackageLock | undefined;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How long an installation may take, whoever still waits for it. */
const INSTALL_MS = 10 * 60_000;
const MAX_TREE_BYTES = 4 * 1024 ** 3;

/**
 * Installs packages of MCP servers, each exact version once, in a pod that reaches its index and nothing else.
 *
 * What was installed is noted with the hash of every file; an installation that gives anything else later fails. Nothing
 * of a package runs while it is installed.
 */
export class ServerPackages {
  readonly #parts: ServerPackagesParts;
  readonly #locks: LockStore;
  readonly #places = new KnownPlaces();
  readonly #running = new Map<string, Promise<PackageLock>>();

  constructor(parts: ServerPackagesParts) {
    this.#parts = parts;
    this.#locks = new LockStore(parts.lockDirectory);
  }

  /**
   * Find the package installed, or install it. Whoever asks at the same time shares the work, which goes on without them.
   *
   * @throws AppError `SERVER_FAILED`, `SERVER_DENIED`, `CONFIG_INVALID`, `BUILD_FAILED`, `ENGINE_UNREACHABLE`, or the signal's reason
   */
  async prepare(
    { server, source }: { readonly server: string; readonly source: PackageSource },
    options: { readonly progress: (line: string) => void; readonly signal: AbortSignal },
  ): Promise<ReadyPackage> {
    options.signal.throwIfAborted();
    const engine = await this.#parts.engine();
    const image = await this.#parts.image(options.progress, options.signal);
    const key = keyOf(source, engine.info.architecture);
    const id = JSON.stringify(key);
    const work = this.#running.get(id) ?? this.#ensure({ engine, server, source, image, key, progress: options.progress }).finally(() => this.#running.delete(id));
    this.#running.set(id, work);
    const lock = await orAborted(work, options.signal);
    return { image, volume: lock.volume, target: PACKAGE_DIRECTORY, command: commandOf(server, source, lock) };
  }

  /** Remove volumes that no lock names: installations that were broken off. Called before any begins. */
  async sweep(): Promise<void> {
    const engine = await this.#parts.engine();
    const kept = await this.#locks.volumes();
    if (kept === undefined) return;
    for (const { name } of await engine.listVolumes([`dev.sbx.owner=${this.#parts.owner}`, "dev.sbx.role=server-package"])) if (!kept.has(name)) await engine.removeVolume(name);
  }

  async #ensure({
    engine,
    server,
    source,
    image,
    key,
    progress,
  }: {
    readonly engine: Engine;
    readonly server: string;
    readonly source: PackageSource;
    readonly image: EngineId;
    readonly key: LockKey;
    readonly progress: (line: string) => void;
  }): Promise<PackageLock> {
    const lock = await this.#locks.find(key);
    const labels = serverLabels(this.#parts.owner, "server-package", { server, sandbox: undefined });
    const there = await engine.listVolumes([`dev.sbx.owner=${this.#parts.owner}`, "dev.sbx.role=server-package"]);
    if (lock !== undefined && lock.image === image && there.some(({ name }) => name === lock.volume)) return lock;
    const volume = `sbx-mcp-package-${randomBytes(12).toString("hex")}`;
    await engine.createVolume(volume, labels);
    try {
      const work: Installation = { parts: this.#parts, places: this.#places, server, image, volume, key, lock, progress, signal: AbortSignal.timeout(INSTALL_MS) };
      const installed = source.kind === "bundle" ? await unpackBundle(work, source) : await installPackage(work, source.kind === "npm" ? NPM : PYPI);
      if (installed.bytes > MAX_TREE_BYTES) throw new AppError("SERVER_FAILED", { message: `Server "${server}" is larger than 4 GiB when it is installed`, fix: "Use another server, or its image." });
      checkAgainst(lock, installed.lock, server);
      await this.#locks.put(installed.lock);
      if (lock !== undefined) await engine.removeVolume(lock.volume).catch(() => undefined);
      return installed.lock;
    } catch (error) {
      await engine.removeVolume(volume).catch(() => undefined);
      throw error;
    }
  }
}

function keyOf(source: PackageSource, architecture: string): LockKey {
  if (source.kind === "bundle") return { kind: "bundle", package: "bundle", packageVersion: source.sha256, architecture };
  return { kind: source.kind, package: source.package, packageVersion: source.version, architecture };
}

/** What was there first decides. Another image may lay a tree out in another way, the packages in it stay the same. */
function checkAgainst(lock: PackageLock | undefined, fresh: PackageLock, server: string): void {
  if (lock === undefined) return;
  const same = lock.integrity === fresh.integrity && lock.resolved === fresh.resolved && (lock.image !== fresh.image || lock.tree === fresh.tree);
  if (!same)
    throw new AppError("SERVER_FAILED", {
      message: `Server "${server}" is not what was installed before as ${fresh.package} ${fresh.packageVersion}`,
      fix: "Somebody changed a published version, or what is on the way to it. Find out who before you use it.",
    });
}

function commandOf(server: string, source: PackageSource, lock: PackageLock): readonly string[] {
  if (source.kind === "bundle") {
    const program = `${PACKAGE_DIRECTORY}/${lock.main}`;
    if (lock.runtime === "node") return ["/usr/local/bin/node", program];
    return lock.runtime === "python" ? ["/usr/bin/python3", program] : [program];
  }
  const { programs } = lock;
  const program = source.program ?? (programs.includes(lock.main) ? lock.main : programs.length === 1 ? programs[0] : undefined);
  if (program === undefined || !programs.includes(program))
    throw new AppError("SERVER_FAILED", {
      message: `The package ${lock.package} of server "${server}" has ${program === undefined ? "no program that is the obvious one" : `no program "${program}"`}; it has ${programs.join(", ") || "none"}`,
      fix: "Name one of its programs in the entry of the catalog.",
    });
  return [(source.kind === "npm" ? NPM : PYPI).programPath(program)];
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    reject(signal.reason);
  };
  work.catch(() => undefined);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
