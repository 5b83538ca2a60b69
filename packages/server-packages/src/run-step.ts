import { finished } from "node:stream/promises";
import type { Readable } from "node:stream";
import { AppError, HeldPieces, type Rule } from "@sbx/contracts";
import type { EngineId, ServerLaunch, ServerPods, ServerProcess } from "@sbx/core";
import { BoundedLines } from "./bounded-lines.ts";

/** Where a package lies in the pods of its installation and of its server. */
export const PACKAGE_DIRECTORY = "/opt/mcp";
const MAX_OUTPUT_BYTES = 64 << 20;
const NEWLINE = 0x0a;
const KEPT_LINES = 40;
const LINE_BYTES = 2000;
/** What an installation may use. Package managers hold whole trees in memory. */
const LIMITS: ServerLaunch["limits"] = { cpus: 2, memoryBytes: 2 * 1024 ** 3, pids: 512 };

/** One program that is run to its end in a pod of its own. */
export interface Step {
  readonly server: string;
  readonly what: string;
  readonly image: EngineId;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  /** The volume that is written; none for a step that only asks. */
  readonly volume?: string;
  /** What the program reads; given as a function, it is asked once, with the first line that the program says, and when it rejects, so does the step. */
  readonly input: string | Readable | ((line: string) => Promise<string>);
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Run a step of an installation. Resolves with its standard output. @throws AppError `SERVER_FAILED` with the last lines of its other output */
export async function runStep(pods: Pick<ServerPods, "start">, step: Step): Promise<string> {
  const { server, what, image, command, env, rules, volume, input, progress, signal } = step;
  await using process = await pods.start(
    {
      server,
      sandbox: undefined,
      image,
      command,
      workdir: "/tmp",
      env,
      secrets: {},
      volumes: volume === undefined ? [] : [{ kind: "package", volume, target: PACKAGE_DIRECTORY }],
      scratch: [],
      rules,
      purpose: "install",
      hosts: [],
      limits: LIMITS,
    },
    signal,
  );
  const stop = (): void => void process[Symbol.asyncDispose]();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const said: string[] = [];
    const heard = followLines(process.stderr, (line) => {
      said.push(line);
      if (said.length > KEPT_LINES) said.shift();
      progress(line);
    });
    const [text, exitCode] = await Promise.all([converse(process, input), process.exit, heard]);
    signal.throwIfAborted();
    if (exitCode === 0 && text !== undefined) return text;
    throw new AppError("SERVER_FAILED", {
      message: `Server "${server}" could not be installed: ${what} ${text === undefined ? "said too much" : `ended with code ${exitCode}`}${said.length === 0 ? "" : `: ${said.at(-1) ?? ""}`}`,
      fix: "Look at what was refused with: sbx events; see whether the package and version exist.",
      details: { output: said },
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Resolves when it has ended, in whichever way. */
async function followLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const lines = new BoundedLines(LINE_BYTES);
  stream.on("data", (chunk: Buffer) => {
    for (const line of lines.push(chunk)) onLine(line);
  });
  await finished(stream, { writable: false }).catch(() => undefined);
  for (const line of lines.end()) onLine(line);
}

async function feed(stdin: NodeJS.WritableStream, input: string | Readable): Promise<void> {
  if (typeof input === "string") {
    stdin.end(input);
    return;
  }
  // A program that ends before it has read everything is told of by its exit code.
  await finished(input.pipe(stdin, { end: true })).catch(() => undefined);
}

/** Give a program its input and take all that it says. Rejects, when the program has ended, with what the input rejected with. */
async function converse({ stdin, stdout }: Pick<ServerProcess, "stdin" | "stdout">, input: Step["input"]): Promise<string | undefined> {
  if (typeof input !== "function") {
    const output = collect(stdout);
    await feed(stdin, input);
    return await output;
  }
  let answer: Promise<void> | undefined;
  const text = await collect(stdout, (line) => {
    // Without an answer the program is told nothing, and ends: nobody lets go of its output before.
    answer = input(line).then(
      (said) => void stdin.end(said),
      (error: unknown) => {
        stdin.end();
        throw error;
      },
    );
    answer.catch(() => undefined);
  });
  await answer;
  return text;
}

/** All of it, `undefined` when it is more than an installation says. */
async function collect(stream: Readable, onFirstLine?: (line: string) => void): Promise<string | undefined> {
  const held = new HeldPieces();
  let bytes = 0;
  let isTold = onFirstLine === undefined;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_OUTPUT_BYTES) continue;
    held.push(chunk);
    if (isTold || !chunk.includes(NEWLINE)) continue;
    isTold = true;
    const [line = ""] = held.look().toString("utf8").split("\n", 1);
    onFirstLine?.(line);
  }
  return bytes > MAX_OUTPUT_BYTES ? undefined : held.take().toString("utf8");
}
