/** What the kernel counts of a container, with control groups of either version. */
const FILES = {
  memory: ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"],
  pids: ["/sys/fs/cgroup/pids.events", "/sys/fs/cgroup/pids/pids.events"],
} as const;

/** The command that reads them inside; {@link readLimitsMet} reads what it prints. */
export function limitsCommand(): readonly string[] {
  return ["grep", "-HsE", "^(oom_kill|max) [0-9]+$", ...FILES.memory, ...FILES.pids];
}

/** How many programs were killed for want of memory, and how many starts were refused because there were too many; 0 where nothing is said. */
export function readLimitsMet(text: string): { readonly memory: number; readonly pids: number } {
  const count = (files: readonly string[], word: string): number =>
    Math.max(
      0,
      ...text.split("\n").flatMap((line) => {
        const [, file, name, number] = /^([^:]+):(\w+) (\d{1,12})$/.exec(line) ?? [];
        return file !== undefined && files.includes(file) && name === word ? [Number(number)] : [];
      }),
    );
  return { memory: count(FILES.memory, "oom_kill"), pids: count(FILES.pids, "max") };
}
