import { readdirSync, readFileSync } from "node:fs";
import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";
import { patiently, type Host } from "./open-host.ts";

/** A person's terminal window, in which one sbx command runs and then the terminal's own state is printed. */
export interface Terminal extends Disposable {
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** What is to be seen now, without empty ends of lines. */
  screen(): string;
  /** Everything that was written so far, sequences and all. */
  written(): string;
  /** Wait until the screen shows something. @throws Error with the screen when it does not. */
  shows(what: RegExp, ms?: number): Promise<void>;
  /** Wait until something was written, even if it is gone from the screen by now. @throws Error with the screen when it was not. */
  wrote(what: RegExp, ms?: number): Promise<void>;
  /** End the sbx command as the kernel does when memory runs out. */
  kill(): void;
  /** Wait for the command's end; gives its code, and whether the terminal is cooked again. */
  ended(): Promise<{ readonly code: number; readonly cooked: boolean }>;
}

const WAIT_MS = 30_000;
let opened = 0;

/** Open a terminal of this size on a real pseudo-terminal; what programs ask of a terminal is answered. */
export function openTerminal(host: Host, args: readonly string[], { cwd, columns = 90, rows = 30 }: { readonly cwd: string; readonly columns?: number; readonly rows?: number }): Terminal {
  opened += 1;
  const mark = `E2E_TERMINAL=${process.pid}-${opened}`;
  const [name = "", value = ""] = mark.split("=");
  const pty = spawn("/bin/sh", ["-c", '"$@"; echo "code=$?"; stty -a; echo terminal-is-over', "sh", ...host.launcher, ...args], {
    cwd,
    cols: columns,
    rows,
    name: "xterm-256color",
    env: { ...host.env, [name]: value, TERM: "xterm-256color" },
  });
  const view = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
  let written = "";
  pty.onData((data) => {
    written += data;
    view.write(data);
  });
  view.onData((answer) => {
    pty.write(answer);
  });
  const screen = (): string => {
    const { active } = view.buffer;
    return Array.from({ length: view.rows }, (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? "").join("\n");
  };
  return {
    screen,
    written: () => written,
    type: (keys) => {
      pty.write(keys);
    },
    resize: (newColumns, newRows) => {
      view.resize(newColumns, newRows);
      pty.resize(newColumns, newRows);
    },
    async shows(what, ms = WAIT_MS) {
      if (!(await patiently(ms, () => what.test(screen())))) throw new Error(`the terminal does not show ${String(what)} but:\n${screen()}`);
    },
    async wrote(what, ms = WAIT_MS) {
      if (!(await patiently(ms, () => what.test(written)))) throw new Error(`nobody wrote ${String(what)} in:\n${screen()}`);
    },
    kill: () => {
      for (const pid of commandsOf(mark)) process.kill(pid, "SIGKILL");
    },
    async ended() {
      if (!(await patiently(WAIT_MS, () => written.includes("terminal-is-over")))) throw new Error(`the command did not end:\n${screen()}`);
      const end = written.slice(written.lastIndexOf("code="));
      return { code: Number(/code=(\d+)/.exec(end)?.[1]), cooked: /(?<!-)icanon/.test(end) && /(?<!-)echo /.test(end) && /(?<!-)isig/.test(end) };
    },
    [Symbol.dispose]: () => {
      pty.kill("SIGKILL");
      view.dispose();
    },
  };
}

/** Process ids of the sbx commands that were started with this in their environment. */
function commandsOf(mark: string): readonly number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && fileOf(pid, "environ").includes(`${mark}\0`) && fileOf(pid, "cmdline").includes("sbx.mjs\0") && !fileOf(pid, "cmdline").startsWith("/bin/sh"))
    .map(Number);
}

function fileOf(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}
