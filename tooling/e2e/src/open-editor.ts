import { spawn, type ChildProcess } from "node:child_process";
import type { Host } from "./open-host.ts";

/** The editor's end of a command that speaks a protocol of lines on its streams. */
export interface Editor {
  readonly child: ChildProcess;
  /** All of stdout so far. */
  readonly stdout: () => Buffer;
  readonly stderr: () => string;
  send(bytes: string | Uint8Array): void;
  /** The next whole line of stdout, as JSON. */
  next(): Promise<unknown>;
  /** Send no more. */
  end(): void;
  /** How the command ended: its code, or the signal. */
  readonly ended: Promise<number | string>;
}

export function openEditor(host: Host, args: readonly string[], cwd: string): Editor {
  const [node, script] = host.launcher;
  const child = spawn(node, [script, ...args], { cwd, env: host.env, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = Buffer.alloc(0);
  let stderr = "";
  let read = 0;
  let heard = Promise.withResolvers<undefined>();
  const hear = (): void => {
    heard.resolve(undefined);
    heard = Promise.withResolvers();
  };
  child.stdout.on("data", (chunk: Buffer) => {
    stdout = Buffer.concat([stdout, chunk]);
    hear();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => undefined);
  let over = false;
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      over = true;
      hear();
      resolve(code ?? signal ?? "nothing");
    });
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    send: (bytes) => void child.stdin.write(bytes),
    next: async () => {
      for (;;) {
        const at = stdout.indexOf(0x0a, read);
        if (at !== -1) {
          const line = stdout.toString("utf8", read, at);
          read = at + 1;
          return JSON.parse(line) as unknown;
        }
        if (over) throw new Error(`the command has ended: ${stderr}`);
        await heard.promise;
      }
    },
    end: () => void child.stdin.end(),
    ended,
  };
}
