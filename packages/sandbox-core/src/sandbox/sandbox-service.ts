import { AppError, type CreateSandbox, type RecreateSandbox, type SandboxId, type SandboxState } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import { nearNames } from "../kit/near-names.ts";
import { createSandbox } from "./create-sandbox.ts";
import { endSandbox, stopSandbox } from "./end-sandbox.ts";
import { createProgress, type Progress } from "./progress.ts";
import { isWhole, readIdentity } from "./git-identity.ts";
import { reconcile } from "./reconcile.ts";
import { recreateSandbox, wantedOf } from "./recreate-sandbox.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { refuseOtherOptions, wantedDestinations } from "./settle-joined.ts";
import { SpareBeginnings } from "./spare-beginnings.ts";
import { startSandbox } from "./start-sandbox.ts";
import { installPackages } from "../template/install-packages.ts";
import { pruneImages, type PruneWork } from "../template/prune-images.ts";
import { saveTemplate, type SaveWork } from "../template/save-template.ts";
import type { TemplateRecord } from "../template/template-record.ts";
import { TurnQueue } from "./turn-queue.ts";

export interface CreateOptions {
  /** Under which name progress is told. */
  readonly operation: string;
  readonly signal: AbortSignal;
  /** Make a sandbox although one of this workspace and agent is there. */
  readonly fresh?: boolean;
}

/** How long to wait before the engine is asked again about a workload, after it did not answer. */
const ENGINE_PAUSE_MS = 500;

/**
 * All sandboxes of one daemon. Work on one sandbox is done one after the other, on several at once.
 *
 * Disposing ends the watch over workloads and takes away what no sandbox was made of yet. Sandboxes are left as they run.
 */
export class SandboxService implements AsyncDisposable {
  readonly #parts: SandboxParts;
  readonly #live = new Map<SandboxId, LiveSandbox>();
  readonly #turns = new TurnQueue();
  readonly #closed = new AbortController();
  readonly #spares: SpareBeginnings;
  /** How many are making images, or have made one that no sandbox has yet: meanwhile none is taken away. */
  #making = 0;
  #reconciled = false;
  #reconciling: Promise<void> | undefined;

  constructor(parts: SandboxParts) {
    this.#parts = parts;
    this.#spares = new SpareBeginnings(parts);
    for (const record of parts.store.sandboxes()) this.#live.set(record.id, { record, pod: undefined, running: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("the daemon ends"));
    await this.#spares[Symbol.asyncDispose]();
  }

  /**
   * Take over what runs, rebuild what was lost, remove what belongs to nobody; once. Without an engine the sandboxes
   * that are remembered are shown as stopped, and the next call tries again.
   *
   * @throws AppError `ENGINE_UNREACHABLE`
   */
  async reconcile(): Promise<void> {
    if (this.#reconciled) return;
    this.#reconciling ??= this.#reconcileOnce().finally(() => {
      this.#reconciling = undefined;
    });
    await this.#reconciling;
  }

  async #reconcileOnce(): Promise<void> {
    await reconcile(this.#parts, this.#live);
    await this.#parts.reconciled(this.list());
    for (const live of this.#live.values()) if (live.running) void this.#watch(live);
    this.#reconciled = true;
  }

  list(): readonly LiveSandbox[] {
    return [...this.#live.values()];
  }

  /** By id or name. @throws AppError `SANDBOX_NOT_FOUND` */
  get(ref: string): LiveSandbox {
    const found = this.list().find(({ record }) => record.id === ref || record.name === ref);
    if (found !== undefined) return found;
    const [near] = nearNames(
      ref,
      this.list().map(({ record }) => record.name),
    );
    throw new AppError("SANDBOX_NOT_FOUND", {
      message: `There is no sandbox "${ref}"${near === undefined ? "" : `; there is "${near}"`}`,
      fix: "List the sandboxes with: sbx ls",
    });
  }

  /**
   * The sandbox of this workspace and agent (and name), running; made when there is none. One that is there gets the
   * destinations that are asked for.
   *
   * @throws AppError `SANDBOX_BUSY` when one that is there lacks what is asked for and cannot be changed
   */
  async create(request: CreateSandbox, options: CreateOptions): Promise<{ readonly live: LiveSandbox; readonly joined: boolean }> {
    await this.reconcile();
    const { path: workspace } = await this.#parts.workspace.check(request.workspace);
    const wanted = { ...request, workspace };
    if (options.fresh === true) return { live: await this.#make(wanted, options), joined: false };
    return this.#turns.take(`create:${workspace}\n${request.agent}`, async () => {
      options.signal.throwIfAborted();
      const existing = this.list().find(({ record }) => isSame(record.request, wanted) && (request.name === undefined || record.name === request.name));
      if (existing === undefined) return { live: await this.#make(wanted, options), joined: false };
      if (!existing.record.ready) {
        // Its making failed, and so did taking it back: that is done now.
        await this.#onSandbox(existing.record.id, () => this.#end(existing));
        return { live: await this.#make(wanted, options), joined: false };
      }
      await this.#onSandbox(existing.record.id, () => this.#join(existing, wanted, options));
      return { live: existing, joined: true };
    });
  }

  /** Start a stopped sandbox; one that runs is left alone. */
  async start(ref: string, options: CreateOptions): Promise<LiveSandbox> {
    await this.reconcile();
    return this.#onSandbox(ref, async (live) => {
      await this.#ensureRunning(live, options);
      return live;
    });
  }

  /** Stop a sandbox; `unless` is asked when its turn has come. */
  async stop(ref: string, unless: () => boolean = () => false): Promise<LiveSandbox> {
    await this.reconcile();
    return this.#onSandbox(ref, async (live) => {
      if (!unless()) await stopSandbox(this.#parts, live);
      return live;
    });
  }

  /** Give a sandbox another name; its containers keep theirs. @throws AppError `NAME_TAKEN` */
  async rename(ref: string, name: string): Promise<LiveSandbox> {
    await this.reconcile();
    return this.#onSandbox(ref, (live) => {
      const { id, name: before } = live.record;
      if (this.list().some(({ record }) => record.id !== id && (record.name === name || record.id === name)))
        throw new AppError("NAME_TAKEN", { message: `There is a sandbox "${name}" already`, fix: "Choose another name; those that are taken: sbx ls" });
      live.record = { ...live.record, name };
      this.#parts.store.putSandbox(live.record);
      this.#parts.record({ type: "sandbox.renamed", sandbox: id, fields: { name, before } });
      return Promise.resolve(live);
    });
  }

  /** Put packages of the system into its image. `busy` is asked when they are there: whether it has to wait for its next start. */
  async install(ref: string, packages: readonly string[], { busy, ...options }: CreateOptions & { readonly busy: () => boolean }): Promise<{ readonly live: LiveSandbox; readonly pending: boolean }> {
    await this.reconcile();
    return this.#onSandbox(ref, async (live) => {
      const { id, image } = live.record;
      await this.#whileMaking(async () => {
        const made = await installPackages(this.#parts, { record: live.record, packages, progress: this.#progress(options.operation, id), signal: options.signal });
        live.record = { ...live.record, image: made.image, packages: made.packages ?? [] };
        this.#parts.store.putSandbox(live.record);
      });
      const wasRunning = live.running;
      const pending = wasRunning && live.record.image !== image && busy();
      if (wasRunning && live.record.image !== image && !pending) {
        await stopSandbox(this.#parts, live);
        await this.#ensureRunning(live, options);
      }
      return { live, pending };
    });
  }

  /** Save what a sandbox is made of as a template. @throws AppError `NAME_TAKEN`, `PATH_NOT_FOUND` */
  async save(ref: string, { operation, signal, ...template }: CreateOptions & Pick<SaveWork, "name" | "home" | "replace">): Promise<TemplateRecord> {
    await this.reconcile();
    return this.#onSandbox(ref, async ({ record }) => {
      const profile = await this.#parts.profile(wantedOf(record));
      return await this.#whileMaking(() => saveTemplate(this.#parts, { record, profile, ...template, progress: this.#progress(operation, record.id), signal }));
    });
  }

  /** Make a sandbox anew of its Kits, or of others; `beforeStop` ends its sessions, when nothing is refused any more. */
  async recreate(ref: string, changes: RecreateSandbox, { operation, signal, beforeStop }: CreateOptions & { readonly beforeStop: (live: LiveSandbox) => Promise<void> }): Promise<LiveSandbox> {
    await this.reconcile();
    return this.#onSandbox(ref, async (live) => {
      const progress = this.#progress(operation, live.record.id);
      const writable = this.writable(live);
      await this.#whileMaking(() => recreateSandbox(this.#parts, { live, changes, writable, beforeStop: () => beforeStop(live), progress, signal }));
      void this.#watch(live);
      return live;
    });
  }

  async remove(ref: string): Promise<void> {
    await this.reconcile();
    const { packages = [] } = this.get(ref).record;
    await this.#onSandbox(ref, (live) => this.#end(live));
    // What it was made of may be for nobody now. That it stays is no failure of its removal.
    if (packages.length > 0) await this.pruneImages({ current: [], dryRun: false }).catch(() => undefined);
  }

  /** Remove images that nothing needs; none while one is being made. Resolves with their names. */
  async pruneImages(work: Omit<PruneWork, "records">): Promise<readonly string[]> {
    await this.reconcile();
    if (this.#making > 0) return [];
    return await this.#whileMaking(() => pruneImages(this.#parts, { ...work, records: this.list().map(({ record }) => record) }));
  }

  async #whileMaking<T>(work: () => Promise<T>): Promise<T> {
    this.#making += 1;
    try {
      return await work();
    } finally {
      this.#making -= 1;
    }
  }

  /** The profile of a sandbox's agent, as its Kit stands now. */
  profile(live: LiveSandbox): Promise<AgentProfile> {
    return this.#parts.profile(wantedOf(live.record));
  }

  async #end(live: LiveSandbox): Promise<void> {
    await endSandbox(this.#parts, live);
    this.#live.delete(live.record.id);
  }

  /** Work on a sandbox in its turn; one that was removed meanwhile is not found. */
  async #onSandbox<T>(ref: string, work: (live: LiveSandbox) => Promise<T>): Promise<T> {
    const { id } = this.get(ref).record;
    return this.#turns.take(id, () => work(this.get(id)));
  }

  #make(request: CreateSandbox, options: CreateOptions): Promise<LiveSandbox> {
    return this.#whileMaking(() => this.#makeOne(request, options));
  }

  async #makeOne(request: CreateSandbox, { operation, signal }: CreateOptions): Promise<LiveSandbox> {
    await this.#checkSshAgent(request);
    const identity = await readIdentity(this.#parts, request);
    const profile = await this.#parts.profile({ ...request, identified: isWhole(identity) });
    const taken = (name: string): boolean => this.list().some(({ record }) => record.name === name);
    const over = Promise.withResolvers<void>();
    let begun: LiveSandbox | undefined;
    try {
      const live = await createSandbox(this.#parts, {
        request,
        profile,
        identity,
        writable: this.writable(),
        taken,
        signal,
        progress: this.#progress(operation, undefined),
        begin: (gateImage) => this.#spares.take(gateImage, signal),
        began: (one) => {
          begun = one;
          this.#live.set(one.record.id, one);
          // Whoever names it from now on waits until it is there, or gone.
          void this.#turns.take(one.record.id, () => over.promise);
        },
      });
      void this.#watch(live);
      this.#spares.expectLater();
      return live;
    } catch (error) {
      if (begun !== undefined) await this.#end(begun).catch(() => undefined);
      throw error;
    } finally {
      over.resolve();
    }
  }

  /** Directories of the person's that sandboxes may write, but for those of one of them. */
  writable(but?: LiveSandbox): readonly string[] {
    const others = this.list().filter((live) => live !== but);
    return others.flatMap(({ record: { request } }) => [request.workspace, ...request.extra.filter((one) => !one.readonly).map(({ path }) => path)]);
  }

  async #join(live: LiveSandbox, wanted: CreateSandbox, options: CreateOptions): Promise<void> {
    refuseOtherOptions(live, wanted);
    await this.#takeSshAgent(live, wanted);
    await this.#ensureRunning(live, options);
    this.#parts.allow(live.record, wantedDestinations(wanted));
    await this.#parts.ports.open(live.record, wanted.publish);
  }

  /** What a person gives of their SSH agent lies where no sandbox writes, nor this one. */
  async #checkSshAgent({ sshAgent, workspace, extra }: CreateSandbox): Promise<void> {
    if (sshAgent !== undefined) await this.#parts.ssh.check(sshAgent, [...this.writable(), workspace, ...extra.filter((one) => !one.readonly).map(({ path }) => path)]);
  }

  /** The agent that its person has now takes the place of the one before. */
  async #takeSshAgent(live: LiveSandbox, { sshAgent }: CreateSandbox): Promise<void> {
    if (sshAgent === undefined) return;
    await this.#checkSshAgent({ ...live.record.request, sshAgent });
    live.record = { ...live.record, request: { ...live.record.request, sshAgent } };
    this.#parts.store.putSandbox(live.record);
  }

  async #ensureRunning(live: LiveSandbox, { operation, signal }: CreateOptions): Promise<void> {
    if (live.running) return;
    const profile = await this.profile(live);
    const progress = this.#progress(operation, live.record.id);
    const images = await this.#parts.images();
    const gateImage = await progress.step("gate image", (line) => images.gate(line, signal));
    await startSandbox(this.#parts, { live, profile, gateImage, progress, signal });
    void this.#watch(live);
  }

  /** Wait until the workload does not run any more; when nobody here stopped it, put away what remains. Never rejects. */
  async #watch(live: LiveSandbox): Promise<void> {
    const { workload } = live.record;
    const { signal } = this.#closed;
    while (workload !== undefined && !signal.aborted) {
      try {
        const engine = await this.#parts.engine();
        await engine.awaitStop(workload, signal);
        await this.#turns.take(live.record.id, async () => {
          if (!live.running || live.record.workload !== workload || (await engine.inspect(workload))?.state === "running") return;
          await stopSandbox(this.#parts, live);
        });
        return;
      } catch {
        // The engine does not answer, or the daemon ends.
        await new Promise((resolve) => setTimeout(resolve, ENGINE_PAUSE_MS));
      }
    }
  }

  #progress(operation: string, sandbox: SandboxId | undefined): Progress {
    return createProgress({ record: this.#parts.record, operation, sandbox, now: this.#parts.now });
  }
}

function isSame(one: CreateSandbox, other: CreateSandbox): boolean {
  return one.workspace === other.workspace && one.agent === other.agent;
}

/** What a caller is told of a sandbox's state. */
export function stateOf(live: LiveSandbox): SandboxState {
  if (!live.record.ready) return { phase: "creating" };
  return live.running ? { phase: "running", network: live.pod?.state() ?? "cut-off" } : { phase: "stopped" };
}
