import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { createDaemonPort } from "@sbx/core/daemon";
import { cleanText } from "./clean-text.ts";
import type { Context, SignalName } from "./context.ts";
import { createProcessIo } from "./process-io.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The context of this process: the only place that reads its environment, streams and signals. */
export function createProcessContext(): Context {
  const env = process.env;
  const home = env["HOME"] ?? homedir();
  const io = createProcessIo(env);
  return {
    io,
    env,
    cwd: process.cwd(),
    home,
    version: versionOf(new URL("../package.json", import.meta.url)),
    daemon: createDaemonPort({
      env,
      home,
      from: import.meta.url,
      onReplaced: (versions) => {
        io.err(`sbx: the daemon ${versions.from} gave way to ${versions.to}; sandboxes went on\n`);
      },
      onPreparing: (line) => {
        if (io.isTerminal.stderr) io.err(`sbx: ${cleanText(line)}\n`);
      },
    }),
    onSignal,
    now: () => performance.now(),
    sleep: async (milliseconds, signal) => {
      await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
    },
  };
}

function onSignal(listener: (name: SignalName) => void): () => void {
  for (const name of SIGNALS) process.on(name, listener);
  return () => {
    for (const name of SIGNALS) process.off(name, listener);
  };
}

function versionOf(file: URL): string {
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  return typeof value === "object" && value !== null && "version" in value ? String(value.version) : "unknown";
}
