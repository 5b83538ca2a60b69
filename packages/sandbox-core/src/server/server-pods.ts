import { AppError, type SandboxId } from "@sbx/contracts";
import type { KeptGates } from "../pod/kept-gates.ts";
import type { ExecProcess } from "../ports/engine.ts";
import { LABELS } from "../sandbox/labels.ts";
import { removeVolumes } from "./reap-servers.ts";
import type { ServerLaunch, ServerProcess } from "./server-launch.ts";
import type { ServerParts } from "./server-parts.ts";
import { keepServerGates, type SpareGate } from "./spare-gates.ts";
import { startServer } from "./start-server.ts";

/** Servers that one sandbox, or the host, may have at once. */
const MOST_OF_ONE = 32;
/** How long a server may take to end by itself when its input has ended. */
const GRACE_MS = 1500;
/** Exit code of a program whose container was taken away. */
const TAKEN_AWAY = 137;

/** A server that runs or is being started. */
interface Held {
  readonly owner: SandboxId | undefined;
  /** Resolves when nothing of it runs any more. */
  readonly end: () => Promise<void>;
}

/**
 * The pods of all servers of one daemon. Each start makes a new pod; nothing of one is shared with another, and one whose
 * program has ended is taken away by itself.
 *
 * Disposing ends all of them.
 */
export class ServerPods implements AsyncDisposable {
  readonly #parts: ServerParts;
  readonly #held = new Set<Held>();
  /** `undefined` where none is kept. */
  readonly #spares: KeptGates<SpareGate> | undefined;
  #closed = false;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#spares = parts.spareGates === true ? keepServerGates(parts) : undefined;
  }

  /** A server will perhaps be started soon: get ready what every one needs. */
  expect(): void {
    this.#spares?.expect();
  }

  /**
   * Start a server's program. The caller owns it and disposes of it.
   *
   * @throws AppError `CATALOG_INVALID`, `WORKSPACE_INVALID`, `WORKSPACE_UNSAFE`, `POD_FAILED`, `SERVER_FAILED`, `ENGINE_FAILED`, `INTERRUPTED`, or the signal's reason
   */
  async start(launch: ServerLaunch, signal: AbortSignal): Promise<ServerProcess> {
    this.#checkRoom(launch);
    const given = new AbortController();
    const starting = this.#begin(launch, AbortSignal.any([signal, given.signal]));
    const held: Held = {
      owner: launch.sandbox,
      end: async () => {
        given.abort(interrupted());
        // Whoever waits for it is told; one that came up all the same is ended by its own end.
        await (await starting.catch(() => undefined))?.[Symbol.asyncDispose]();
      },
    };
    this.#held.add(held);
    try {
      return await starting;
    } finally {
      this.#held.delete(held);
      this.#spares?.expectLater();
    }
  }

  /** End every server of a sandbox, also those that are being started. Resolves when nothing of them runs. */
  async stopOf(sandbox: SandboxId): Promise<void> {
    await this.#end((owner) => owner === sandbox);
    if (this.#held.size === 0) await this.#spares?.rest();
  }

  /** Remove what the servers of a sandbox kept, also after a crash. They must have been stopped. */
  async removeOf(sandbox: SandboxId): Promise<void> {
    await removeVolumes(await this.#parts.engine(), [`${LABELS.owner}=${this.#parts.owner}`, `${LABELS.serves}=${sandbox}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#end(() => true), this.#spares?.[Symbol.asyncDispose]()]);
  }

  async #end(which: (owner: SandboxId | undefined) => boolean): Promise<void> {
    await Promise.allSettled([...this.#held].filter(({ owner }) => which(owner)).map(({ end }) => end()));
  }

  #checkRoom({ sandbox, server }: ServerLaunch): void {
    if (this.#closed) throw interrupted();
    if ([...this.#held].filter(({ owner }) => owner === sandbox).length < MOST_OF_ONE) return;
    throw new AppError("SERVER_FAILED", { message: `Server "${server}" was not started: ${MOST_OF_ONE} servers run already`, fix: "Remove one that is not needed, then try again." });
  }

  async #begin(launch: ServerLaunch, signal: AbortSignal): Promise<ServerProcess> {
    const scope = new AsyncDisposableStack();
    try {
      const spare = await this.#spares?.take(signal);
      if (spare !== undefined) scope.use(spare.scope);
      return this.#own(launch, await startServer(this.#parts, { id: spare?.id ?? this.#parts.newId(), spare, launch, signal, scope }), scope);
    } catch (error) {
      // What cannot be taken back now is found by its labels when the daemon starts; why it failed is what a caller has to know.
      await scope.disposeAsync().catch(() => undefined);
      throw error;
    }
  }

  #own(launch: ServerLaunch, process: ExecProcess, scope: AsyncDisposableStack): ServerProcess {
    const exit = process.exit.catch(() => TAKEN_AWAY);
    let ended: Promise<void> | undefined;
    const end = (): Promise<void> => (ended ??= endProcess(process, { exit, scope }).finally(() => this.#held.delete(held)));
    const held: Held = { owner: launch.sandbox, end };
    this.#held.add(held);
    // What it left running goes with it. A failure is told to whoever disposes of it.
    void exit.then(end).catch(() => undefined);
    return { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, exit, [Symbol.asyncDispose]: end };
  }
}

function interrupted(): AppError {
  return new AppError("INTERRUPTED", { message: "The server was ended, with what it works for", fix: "Start it again when it is needed." });
}

/** Let a program end at the end of its input, else end it; then remove all that was made for it. */
async function endProcess(process: ExecProcess, { exit, scope }: { readonly exit: Promise<number>; readonly scope: AsyncDisposableStack }): Promise<void> {
  process.stdin.end();
  // An end is known when the output was read, and nobody may be reading any more.
  process.stdout.resume();
  process.stderr.resume();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, GRACE_MS);
  await Promise.race([exit, promise]);
  clearTimeout(timer);
  await scope.disposeAsync();
  process.detach();
}
