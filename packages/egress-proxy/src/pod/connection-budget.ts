import { readFileSync } from "node:fs";
import { DESCRIPTORS_PER_CONNECTION, RESERVED_DESCRIPTORS } from "./pod-limits.ts";

/** What all pods of a daemon may have open together, because descriptors are the process's and not the pod's. */
export class ConnectionBudget {
  readonly limit: number;
  readonly #waiting = new Set<() => void>();
  #open = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get full(): boolean {
    return this.#open >= this.limit;
  }

  take(): void {
    this.#open += 1;
  }

  give(): void {
    this.#open -= 1;
    const hasRoomAgain = this.#open === this.limit - 1;
    if (hasRoomAgain) for (const tell of this.#waiting) tell();
  }

  /** Be told when there is room again; the result ends it. */
  join(onRoom: () => void): () => void {
    this.#waiting.add(onRoom);
    return () => this.#waiting.delete(onRoom);
  }
}

/** Connections that this process's descriptors allow, the reserve set aside. */
export function connectionsForDescriptors(): number {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? "1024";
  const descriptors = limit === "unlimited" ? 1_048_576 : Number(limit);
  return Math.max(64, Math.floor((descriptors - RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_CONNECTION));
}
