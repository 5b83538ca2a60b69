import { randomInt } from "node:crypto";
import { Socket } from "node:net";
import { runProgram, type ExecEngine, type ExecSpec } from "@sbx/core";
import type Docker from "dockerode";
import type { ExecCreateOptions } from "dockerode";
import { checkId } from "./containers.ts";
import { ask, engineFailed } from "./docker-error.ts";
import { createExecProcess } from "./exec-process.ts";
import { atLeast } from "./negotiate.ts";

/** Processes in running containers of an engine. */
export function createExecs({ docker, apiVersion }: { readonly docker: Docker; readonly apiVersion: string }): ExecEngine {
  const exec: ExecEngine["exec"] = async (container, spec, signal) => {
    signal?.throwIfAborted();
    const made = await ask("start a process", async () => docker.getContainer(checkId(container)).exec(execBody(spec)));
    signal?.throwIfAborted();
    const size = spec.tty !== false && spec.tty.columns > 0 && atLeast(apiVersion, "1.42") ? { ConsoleSize: [spec.tty.rows, spec.tty.columns] } : {};
    const socket: unknown = await ask("start a process", async () => made.start({ hijack: true, Detach: false, Tty: spec.tty !== false, ...size }));
    if (!(socket instanceof Socket)) throw engineFailed("start a process", "it did not open a stream");
    const process = createExecProcess({ exec: made, socket, spec });
    if (spec.tty !== false && spec.tty.columns > 0) await process.resize(spec.tty);
    if (signal?.aborted === true) process.detach();
    signal?.throwIfAborted();
    return process;
  };

  return {
    exec,
    run: (container, spec, signal) => runProgram(exec, { container, spec, signal }),
  };
}

function execBody({ command, env, user, workdir, tty, stdin }: ExecSpec): ExecCreateOptions {
  return {
    Cmd: [...command],
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    User: user,
    WorkingDir: workdir,
    Privileged: false,
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty !== false,
    DetachKeys: unguessableKeys(),
  };
}

/**
 * The engine watches what is typed at a terminal for keys that detach it (ctrl-p ctrl-q unless told) and holds back a
 * first key until the next. That cannot be switched off, so the keys are a sequence that nobody types, after the
 * control key that programs use least.
 */
function unguessableKeys(): string {
  return ["ctrl-^", ...Array.from({ length: 24 }, () => String.fromCharCode(0x61 + randomInt(26)))].join(",");
}
