/** Wait for all, also when one fails: what comes into being after a failure would be nobody's. Rejects with the first in their order. */
export async function waitForAll<const Work extends readonly Promise<unknown>[]>(work: Work): Promise<{ readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
