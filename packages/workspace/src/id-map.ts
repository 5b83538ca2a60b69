import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readlink, writeFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts";

/** Ids that change places between the disk and what is seen inside. Equal numbers: nothing changes. */
export interface IdSwap {
  readonly uid: readonly [disk: number, inside: number];
  readonly gid: readonly [disk: number, inside: number];
}

/** Ids above this belong to nobody in particular and are not mapped. */
const LAST_ID = 4_294_967_294;
const WAIT_MS = 3000;

/**
 * A map in the kernel's form that swaps two ids and leaves all others. Every id keeps exactly one other: with a map of
 * one id alone the engine cannot make mount points, and root's own hooks cannot write.
 */
export function swapMap([first, second]: readonly [number, number]): string {
  const [low, high] = first < second ? [first, second] : [second, first];
  if (low === high) return `0 0 ${LAST_ID}\n`;
  const ranges = [
    [0, 0, low],
    [low, high, 1],
    [low + 1, low + 1, high - low - 1],
    [high, low, 1],
    [high + 1, high + 1, LAST_ID - high],
  ] as const;
  return ranges
    .filter(([, , count]) => count > 0)
    .map((range) => `${range.join(" ")}\n`)
    .join("");
}

/**
 * Make a user namespace with these maps and give a descriptor on it. It lives as long as the descriptor.
 *
 * The namespace is that of a child that only waits for its end of file.
 *
 * @throws AppError `PLATFORM_UNSUPPORTED` when this machine makes none
 */
export async function makeUserNamespace(swap: IdSwap): Promise<number> {
  const child = spawn("unshare", ["--user", "--", "cat"], { stdio: ["pipe", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const ended = once(child, "close").catch((error: unknown) => {
    complaint += String(error);
  });
  try {
    await waitForNamespace(child.pid);
    await writeFile(`/proc/${child.pid}/uid_map`, swapMap(swap.uid));
    await writeFile(`/proc/${child.pid}/gid_map`, swapMap(swap.gid));
    return openSync(`/proc/${child.pid}/ns/user`, "r");
  } catch (cause) {
    child.kill("SIGKILL");
    await ended;
    throw new AppError("PLATFORM_UNSUPPORTED", {
      message: `This machine makes no user namespace (${complaint.trim() || String(cause)})`,
      fix: "Install util-linux, allow user namespaces (sysctl user.max_user_namespaces), or give the workspace to an ordinary user: chown -R 1000:1000 <workspace>",
      cause,
    });
  } finally {
    child.stdin.on("error", () => undefined).end();
    await ended;
  }
}

async function waitForNamespace(pid: number | undefined): Promise<void> {
  if (pid === undefined) throw new Error("unshare did not start");
  const own = await readlink("/proc/self/ns/user");
  const until = performance.now() + WAIT_MS;
  while (performance.now() < until) {
    if ((await readlink(`/proc/${pid}/ns/user`)) !== own) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error("unshare took too long");
}
