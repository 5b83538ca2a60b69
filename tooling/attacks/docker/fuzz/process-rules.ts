import { readFile, readlink } from "node:fs/promises";

/** CHOWN, DAC_OVERRIDE, FOWNER, SETGID and SETUID, as the kernel counts them. */
const FIVE = 0b1100_1011n;
const NAMESPACES = ["ipc", "mnt", "net", "pid", "uts"];

/** In what a process of a child differs from what one may be, as the kernel sees it; `undefined` when it has ended. */
export async function processFaults(pid: number): Promise<readonly string[] | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)`, "m").exec(status)?.[1] ?? "";
    const capabilities = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].filter((name) => (BigInt(`0x${field(name)}`) & ~FIVE) !== 0n);
    const shared = await Promise.all(
      NAMESPACES.map(async (name) => ((await readlink(`/proc/${pid}/ns/${name}`)) === (await readlink(`/proc/self/ns/${name}`)) ? [`the host's namespace ${name}`] : [])),
    );
    return [
      ...capabilities.map((name) => `${name} of a process`),
      ...(field("NoNewPrivs") === "1" ? [] : ["NoNewPrivs of a process"]),
      ...(field("Seccomp") === "2" ? [] : ["Seccomp of a process"]),
      ...shared.flat(),
    ];
  } catch (error) {
    // It ended, and with it what is said of it.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
