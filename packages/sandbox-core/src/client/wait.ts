import { setTimeout as sleep } from "node:timers/promises";

/** Let so many milliseconds pass. */
export async function wait(milliseconds: number): Promise<void> {
  await sleep(milliseconds);
}
