import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ServerRunner } from "@sbx/mcp-gateway";

/** Runs a program as an ordinary child process, for tests: without a pod, without a policy. */
export function processRunner(program: string, args: readonly string[]): ServerRunner {
  return {
    start: async () => {
      const child = spawn(program, args, { stdio: "pipe" });
      await once(child, "spawn");
      const exit = once(child, "exit").then(([code]) => (typeof code === "number" ? code : 1));
      return {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        exit,
        [Symbol.asyncDispose]: async () => {
          child.kill();
          await exit;
        },
      };
    },
  };
}
