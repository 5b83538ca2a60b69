import { acceptConnection, watchReadable } from "@sbx/syscalls";

/** Connections taken before others have their turn. */
const BATCH = 32;
/** How long to wait when this process has no descriptor left. */
const PAUSE_MS = 100;

export interface Acceptor extends Disposable {
  /** Leave connections in the kernel's queue. */
  pause(): void;
  resume(): void;
}

/**
 * Take connections from a listener whose descriptor stays the caller's.
 *
 * `take` owns each connection's descriptor and says whether it wants the next one; after "enough" nothing is accepted
 * until {@link Acceptor.resume}.
 */
export function startAcceptor(listener: number, take: (connection: number) => "more" | "enough"): Acceptor {
  let timer: NodeJS.Timeout | undefined;
  const watch = watchReadable(listener, () => {
    for (let taken = 0; taken < BATCH; taken += 1) {
      const connection = accept(listener);
      if (connection === "none") return;
      if (connection === "failed") {
        watch.pause();
        timer = setTimeout(() => watch.resume(), PAUSE_MS);
        return;
      }
      if (take(connection) === "enough") return watch.pause();
    }
  });
  return {
    pause: () => watch.pause(),
    resume: () => watch.resume(),
    [Symbol.dispose]() {
      clearTimeout(timer);
      watch.close();
    },
  };
}

function accept(listener: number): number | "none" | "failed" {
  try {
    return acceptConnection(listener) ?? "none";
  } catch {
    return "failed";
  }
}
