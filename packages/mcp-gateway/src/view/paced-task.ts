import type { GatewayLimits } from "../limits.ts";

const PACE_MS = 500;

/** Does something soon after it was asked for: once for many requests, never twice at a time, and not again within half a second. */
export class PacedTask {
  readonly #run: () => Promise<unknown>;
  readonly #soonMs: number;
  #state: "resting" | "waiting" | "running" | "asked-again" = "resting";
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(run: () => Promise<unknown>, { coalesceMs }: Pick<GatewayLimits, "coalesceMs">) {
    this.#run = run;
    this.#soonMs = coalesceMs;
  }

  /** Ask for it. What fails is not tried again until it is asked for again. */
  request(): void {
    if (this.#state === "running") this.#state = "asked-again";
    if (this.#state !== "resting") return;
    this.#state = "waiting";
    const wait = Math.max(this.#soonMs, this.#endedAt + PACE_MS - performance.now());
    setTimeout(() => {
      void this.#work();
    }, wait).unref();
  }

  async #work(): Promise<void> {
    this.#state = "running";
    await this.#run().catch(() => undefined);
    this.#endedAt = performance.now();
    const again = this.#again();
    this.#state = "resting";
    if (again) this.request();
  }

  #again(): boolean {
    return this.#state === "asked-again";
  }
}
