import { spawn } from "node:child_process";
import { once } from "node:events";
import { findDaemonProgram } from "@sbx/core/client";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { absolutePath } from "../run/workspace-path.ts";
import { readDockerPolicy } from "./read-docker-policy.ts";

/** Run a guard until it is told to end. @returns its exit code. @throws AppError `CONFIG_INVALID` before anything is started */
export async function serveDockerGuard(context: Context, { listen, policy }: { readonly listen: string; readonly policy: string }): Promise<number> {
  await readDockerPolicy(context, policy);
  const running = spawn(process.execPath, [findDaemonProgram(context.env, import.meta.url), "--docker-guard", absolutePath(listen, context), "--docker-policy", absolutePath(policy, context)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.stdout.on("data", (bytes: Buffer) => context.io.out(bytes.toString("utf8")));
  const release = context.onSignal((name) => running.kill(name));
  try {
    const [code] = (await once(running, "exit")) as [number | null];
    return code ?? EXIT.interrupted;
  } finally {
    release();
  }
}
