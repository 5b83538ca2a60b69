/** Receives one line of text at a time. */
export type Progress = (line: string) => void;

/** One who waits for work to end: where its progress goes, and when they have had enough. */
export interface Waiting {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

interface Job<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  readonly listeners: Set<Progress>;
}

/**
 * Do each named piece of work once for all who ask for it at the same time.
 *
 * Everyone hears its progress. It is stopped only when the last who waits has given up, so one caller's Ctrl-C does not take
 * the image away from another. Nothing is remembered once the work has ended.
 */
export class SharedWork<T> {
  readonly #jobs = new Map<string, Job<T>>();

  async do(key: string, work: (inner: Waiting) => Promise<T>, { progress, signal }: Waiting): Promise<T> {
    signal.throwIfAborted();
    const job = this.#jobs.get(key) ?? this.#start(key, work);
    // A set of its own entries: the same function may wait twice.
    const listener: Progress = (line) => {
      progress(line);
    };
    job.listeners.add(listener);
    const waiting = new AbortController();
    try {
      return await Promise.race([job.result, rejection(signal, waiting.signal)]);
    } catch (error) {
      if (signal.aborted) await this.#abandon(key, job, listener);
      throw error;
    } finally {
      job.listeners.delete(listener);
      waiting.abort();
    }
  }

  #start(key: string, work: (inner: Waiting) => Promise<T>): Job<T> {
    const stop = new AbortController();
    const listeners = new Set<Progress>();
    const tell: Progress = (line) => {
      for (const listener of listeners) listener(line);
    };
    const result = work({ progress: tell, signal: stop.signal }).finally(() => {
      if (this.#jobs.get(key)?.stop === stop) this.#jobs.delete(key);
    });
    result.catch(() => undefined);
    const job: Job<T> = { result, stop, listeners };
    this.#jobs.set(key, job);
    return job;
  }

  /** The last to leave stops the work and waits until it has let go of everything. */
  async #abandon(key: string, job: Job<T>, listener: Progress): Promise<void> {
    job.listeners.delete(listener);
    if (job.listeners.size > 0) return;
    if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    job.stop.abort();
    await job.result.catch(() => undefined);
  }
}

/** Reject with the reason of `signal` when it fires; `until` takes the listener away. */
function rejection(signal: AbortSignal, until: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener(
      "abort",
      () => {
        reject(signal.reason);
      },
      { once: true, signal: until },
    );
  });
}
