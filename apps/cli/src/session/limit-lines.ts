import type { Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { size } from "../show-stats.ts";

/** What a program gives that a signal of the kernel's ended. */
const KILLED = 137;
/** What shells give that cannot start another program. Asking after every failure would make each of them slower. */
const CANNOT_START = [2, 254];

/**
 * What to say of limits after a session that failed: which the sandbox has met, and what gives it more. Nothing where it met
 * none, or cannot be asked any more.
 */
export async function limitLines(client: Client, sandbox: string, code: number): Promise<readonly string[]> {
  if (code !== KILLED && !CANNOT_START.includes(code)) return [];
  try {
    const [stats] = await client.sandboxStats({ sandbox, limits: "true" });
    if (stats?.usage === undefined) return [];
    // While a sandbox is at its limit of processes nothing can be started in it that would look.
    const { name, usage, limitsMet = { memory: 0, pids: 0 } } = stats;
    const crowded = limitsMet.pids > 0 || usage.pids >= usage.pidsLimit;
    const again = `to change it: sbx rm ${name}, then run it again with`;
    return [
      ...(code === KILLED && limitsMet.memory > 0
        ? [`sbx: exit code ${KILLED}: the kernel has killed ${programs(limitsMet.memory)} of ${name}, whose memory of ${size(usage.memoryLimitBytes)} was used up; ${again} -m SIZE`]
        : []),
      ...(crowded ? [`sbx: ${name} was at its limit of ${usage.pidsLimit} processes, and more could not start; ${again} --pids NUMBER`] : []),
    ];
  } catch (error) {
    // Also one that is gone: what the program said stands by itself.
    if (AppError.is(error)) return [];
    throw error;
  }
}

function programs(count: number): string {
  return count === 1 ? "a program" : `${count} programs`;
}
