import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@sbx/contracts";
import { lockFile } from "@sbx/syscalls";

const PAUSE_MS = 10;

/** Run `work` while no other process, and no other work of this one, has the lock. @throws AppError `DAEMON_BUSY` */
export async function withWriteLock<T>(file: string, patienceMs: number, work: () => Promise<T>): Promise<T> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    const end = performance.now() + patienceMs;
    while (!lockFile(handle.fd)) {
      if (performance.now() > end)
        throw new AppError("DAEMON_BUSY", {
          message: `Another process is writing to the vault, and has been for ${patienceMs / 1000} seconds`,
          fix: "Run the command again; see who has the file open with: fuser " + file,
        });
      await sleep(PAUSE_MS);
    }
    return await work();
  } finally {
    await handle.close();
  }
}
