import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

/** Where the parts of a pod lie on the host. */
export interface PodDirectory {
  /** 0700: nobody but the daemon's own user gets through to what is inside. */
  readonly root: string;
  /**
   * The only part that a gate sees, bound read-only. The gate has an id that owns nothing, so here everybody may
   * connect: who may come here at all is decided by `root` on the host, and by the bind in the gate's container.
   */
  readonly gate: string;
  /** Which network namespace the gate said hello from, and in which boot of the machine. */
  readonly namespace: string;
}

/** The same for the same `root`, whether it exists or not. */
export function podDirectory(root: string): PodDirectory {
  const gate = join(root, "gate");
  return { root, gate, namespace: join(root, "namespace") };
}

/** Make what is missing; what is there stays, because gates hold on to the directory itself and not to its name. */
export async function makePodDirectory(root: string): Promise<PodDirectory> {
  const directory = podDirectory(root);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await chmod(root, 0o700);
  await mkdir(directory.gate, { recursive: true });
  await chmod(directory.gate, 0o755);
  return directory;
}

/** Note the namespace, so that a daemon that comes back knows the gate of its workload from any other. */
export async function writeNamespace({ namespace }: PodDirectory, cookie: bigint): Promise<void> {
  const file = await open(`${namespace}.new`, "w", 0o600);
  try {
    await file.writeFile(`${await bootId()} ${cookie}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${namespace}.new`, namespace);
}

/** The namespace noted in this boot of the machine; `undefined` when there is none. */
export async function readNamespace({ namespace }: PodDirectory): Promise<bigint | undefined> {
  const text = await readFile(namespace, "utf8").catch(() => "");
  const [boot, cookie = ""] = text.trim().split(" ");
  return boot === (await bootId()) && /^\d+$/.test(cookie) ? BigInt(cookie) : undefined;
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
