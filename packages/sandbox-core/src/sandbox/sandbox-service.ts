import { AppError, type CreateSandbox, type SandboxId, type SandboxState } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import { createSandbox } from "./create-sandbox.ts";
import { endSandbox, stopSandbox } from "./end-sandbox.ts";
import { createProgress, type Progress } from "./progress.ts";
import { reconcile } from "./reconcile.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import { startSandbox } from "./start-sandbox.ts";

export interface CreateOptions {
  /** Under which name progress is told. */
  readonly operation: string;
  readonly signal: AbortSignal;
}

/** All sandboxes of one daemon. Work on one sandbox is done one after the other, on several at once. */
export class SandboxService {
  readonly #parts: SandboxParts;
  readonly #live = new Map<SandboxId, LiveSandbox>();
  readonly #queues = new Map<string, Promise<unknown>>();
  #reconciled = false;

  constructor(parts: SandboxParts) {
    this.#parts = parts;
  }

  /**
   * Take over what runs, rebuild what was lost, remove what belongs to nobody; once. Without an engine the sandboxes
   * that are remembered are shown as stopped, and the next call tries again.
   *
   * @throws AppError `ENGINE_UNREACHABLE`
   */
  async reconcile(): Promise<void> {
    if (this.#reconciled) return;
    for (const record of this.#parts.store.sandboxes()) {
      if (!this.#live.has(record.id)) this.#live.set(record.id, { record, pod: undefined, running: false });
    }
    const { sandboxes, unfinished } = await reconcile(this.#parts);
    for (const live of sandboxes) this.#live.set(live.record.id, live);
    for (const live of unfinished) {
      await endSandbox(this.#parts, live);
      this.#live.delete(live.record.id);
    }
    this.#reconciled = true;
  }

  list(): readonly LiveSandbox[] {
    return [...this.#live.values()];
  }

  /** By id or name. @throws AppError `SANDBOX_NOT_FOUND` */
  get(ref: string): LiveSandbox {
    const found = this.list().find(({ record }) => record.id === ref || record.name === ref);
    if (found !== undefined) return found;
    throw new AppError("SANDBOX_NOT_FOUND", { message: `There is no sandbox "${ref}"`, fix: "List the sandboxes with: sbx ls" });
  }

  /** The sandbox of this workspace and agent (and name), running; made when there is none. */
  async create(request: CreateSandbox, options: CreateOptions): Promise<{ readonly live: LiveSandbox; readonly joined: boolean }> {
    await this.reconcile();
    const { path: workspace } = await this.#parts.workspace.check(request.workspace);
    const wanted = { ...request, workspace };
    return this.#inTurn(`create:${workspace}\n${request.agent}\n${request.name ?? ""}`, async () => {
      options.signal.throwIfAborted();
      const existing = this.list().find(({ record }) => isSame(record.request, wanted) && (request.name === undefined || record.name === request.name));
      if (existing === undefined) return { live: await this.#make(wanted, options), joined: false };
      await this.#inTurn(existing.record.id, () => this.#ensureRunning(existing, options));
      return { live: existing, joined: true };
    });
  }

  /** Start a stopped sandbox; one that runs is left alone. */
  async start(ref: string, options: CreateOptions): Promise<LiveSandbox> {
    await this.reconcile();
    const live = this.get(ref);
    await this.#inTurn(live.record.id, () => this.#ensureRunning(live, options));
    return live;
  }

  async stop(ref: string): Promise<LiveSandbox> {
    await this.reconcile();
    const live = this.get(ref);
    await this.#inTurn(live.record.id, () => stopSandbox(this.#parts, live));
    return live;
  }

  async remove(ref: string): Promise<void> {
    await this.reconcile();
    const live = this.get(ref);
    await this.#inTurn(live.record.id, async () => {
      await endSandbox(this.#parts, live);
      this.#live.delete(live.record.id);
    });
  }

  /** The profile of a sandbox's agent, as its Kit stands now. */
  profile(live: LiveSandbox): Promise<AgentProfile> {
    return this.#parts.profile(live.record.request.agent);
  }

  /** The workload ended by itself (memory, a kill from outside): what remains is put away. */
  async workloadEnded(live: LiveSandbox): Promise<void> {
    await this.#inTurn(live.record.id, async () => {
      if (live.running) await stopSandbox(this.#parts, live);
    });
  }

  async #make(request: CreateSandbox, { operation, signal }: CreateOptions): Promise<LiveSandbox> {
    const profile = await this.#parts.profile(request.agent);
    const taken = (name: string): boolean => this.list().some(({ record }) => record.name === name);
    let begun: LiveSandbox | undefined;
    try {
      return await createSandbox(this.#parts, {
        request,
        profile,
        taken,
        signal,
        progress: this.#progress(operation, undefined),
        began: (live) => {
          begun = live;
          this.#live.set(live.record.id, live);
        },
      });
    } catch (error) {
      if (begun !== undefined) this.#live.delete(begun.record.id);
      throw error;
    }
  }

  async #ensureRunning(live: LiveSandbox, { operation, signal }: CreateOptions): Promise<void> {
    if (live.running) return;
    const profile = await this.profile(live);
    const progress = this.#progress(operation, live.record.id);
    const images = await this.#parts.images();
    const gateImage = await progress.step("gate image", (line) => images.gate(line, signal));
    await startSandbox(this.#parts, { live, profile, gateImage, progress, signal });
  }

  #progress(operation: string, sandbox: SandboxId | undefined): Progress {
    return createProgress({ record: this.#parts.record, operation, sandbox, now: this.#parts.now });
  }

  /** Wait for what is under way on this key, then work; a failure before us is not ours. */
  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(work);
    this.#queues.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(key) === mine) this.#queues.delete(key);
    }
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
