const LOOK_MS = 1000;

export interface LookForChanges {
  /** Changes whenever what is looked at may have changed. */
  readonly stamp: () => string;
  readonly onChange: () => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** Look again and again whether files of a person were changed, by a command or by hand. Disposing ends it. */
export function lookForChanges({ stamp, onChange, onFault }: LookForChanges): Disposable {
  let before = stamp();
  const timer = setInterval(() => {
    const now = stamp();
    if (now === before) return;
    before = now;
    onChange().catch(onFault);
  }, LOOK_MS).unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
    },
  };
}
