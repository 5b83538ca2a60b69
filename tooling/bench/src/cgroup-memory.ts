import { readFileSync } from "node:fs";
import path from "node:path";

const ROOT = "/sys/fs/cgroup";
const MIB = 1 << 20;

/** MiB that the kernel charges to a process's control group, version 1 or 2; `undefined` where that cannot be read. */
export function cgroupMemory(pid: number): number | undefined {
  try {
    const file = memoryFile(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    return file === undefined ? undefined : Number(readFileSync(path.join(ROOT, file), "utf8")) / MIB;
  } catch {
    return undefined;
  }
}

/** Where below the control groups' root the use of memory stands, by the lines of /proc/PID/cgroup. */
export function memoryFile(lines: string): string | undefined {
  const groups = lines.split("\n").map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const first = groups.find((group) => group?.[1]?.split(",").includes("memory") === true)?.[2];
  if (first !== undefined) return path.join("memory", first, "memory.usage_in_bytes");
  const second = groups.find((group) => group?.[1] === "")?.[2];
  return second === undefined ? undefined : path.join(second, "memory.current").slice(1);
}
