import type { EngineId, ExecEngine, ExecSpec } from "../ports/engine.ts";
import { collectText } from "../sdk/collect-text.ts";

/** Kept of each stream. */
const KEPT_BYTES = 1024 * 1024;

/** Run a program to its end and collect what it says, at most 1 MiB of each stream. @throws the signal's reason when it fires */
export async function runProgram(
  exec: ExecEngine["exec"],
  { container, spec, signal }: { readonly container: EngineId; readonly spec: Omit<ExecSpec, "tty" | "stdin">; readonly signal: AbortSignal | undefined },
): ReturnType<ExecEngine["run"]> {
  const process = await exec(container, { ...spec, tty: false, stdin: false }, signal);
  const leave = (): void => process.detach();
  signal?.addEventListener("abort", leave, { once: true });
  try {
    const [stdout, stderr, exitCode] = await Promise.all([collectText(process.stdout, KEPT_BYTES), collectText(process.stderr, KEPT_BYTES), process.exit]);
    return { exitCode, stdout: stdout.text, stderr: stderr.text };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}
