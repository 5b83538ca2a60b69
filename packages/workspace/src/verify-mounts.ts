import { unsafe } from "./invalid.ts";
import type { Expected } from "./journal.ts";

/**
 * Compare what `hold stat` printed in a fresh container (`DEV INO MODE TYPE PATH` on each line, the path's unusual bytes as
 * `%XX`) with what was prepared.
 * Every expected path must be there and be the same file; lines about other paths do not matter.
 *
 * @throws AppError `WORKSPACE_UNSAFE` when the container must not run
 */
export function verifyMounts(expected: readonly Expected[], statLines: string): void {
  const seen = new Map(
    statLines.split("\n").flatMap((line) => {
      const match = /^(\d+) (\d+) \d+ \S (\S+)$/u.exec(line);
      const [, dev = "", ino = "", path = ""] = match ?? [];
      const decoded = decode(path);
      return decoded === undefined || match === null ? [] : [[decoded, { dev, ino }] as const];
    }),
  );
  for (const { path, dev, ino, under } of expected) {
    const found = seen.get(path);
    if (found !== undefined && found.dev === dev && found.ino === ino) continue;
    if (found !== undefined && under !== undefined && found.dev === under.dev && found.ino === under.ino) {
      throw unsafe(
        "The container engine does not see the daemon's mounts",
        "Run the engine without a mount namespace of its own (systemd: PrivateMounts=no, MountFlags=shared), or give the workspace to an ordinary user and run sbx as that user.",
        { path },
      );
    }
    throw unsafe(
      `Inside the sandbox "${path}" is ${found === undefined ? "missing" : "another file"} than was checked on the host`,
      "Something replaced it while the sandbox was started. Look at it, then run the command again.",
      { path },
    );
  }
}

/** `undefined` for bytes that are no UTF-8: none of our paths has any. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
