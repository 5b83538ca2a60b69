import { cpus, release, totalmem } from "node:os";

/** Where and when the figures were made: without it they say nothing. */
export interface Machine {
  readonly at: string;
  readonly processors: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly engine: string;
}

export function describeMachine(engine: string): Machine {
  const [first, ...others] = cpus();
  return {
    at: new Date().toISOString(),
    processors: `${others.length + 1} × ${first?.model.trim() ?? "unknown"}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    node: process.version,
    engine,
  };
}

/** The machine in one line. */
export function machineText({ at, processors, memoryGiB, kernel, node, engine }: Machine): string {
  return `${at}, ${processors}, ${memoryGiB} GiB, ${kernel}, Node ${node}, ${engine}`;
}
