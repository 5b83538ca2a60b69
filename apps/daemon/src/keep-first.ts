/** Makes something when it is first needed, and gives the same from then on; after a failure it is tried again. */
export function keepFirst<T>(make: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  return () => {
    current ??= make().catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  };
}
