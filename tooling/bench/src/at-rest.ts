import { setTimeout as sleep } from "node:timers/promises";

/** How long the daemon and the engine have for what the measurement before left them to do: a gate is made ready half a second after a sandbox was. */
const REST_MS = 2000;

/** Measure when nothing of an earlier measurement is still being done, of whichever subject. */
export function atRest(once: () => Promise<number>): () => Promise<number> {
  return async () => {
    await sleep(REST_MS);
    return await once();
  };
}
