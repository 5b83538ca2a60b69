import type { Event, WorkspaceReport } from "@sbx/contracts";
import type { CreateOptions } from "./create-options.ts";
import type { ExecResult } from "./execution.ts";
import type { SandboxHandle } from "./sandbox-handle.ts";
import { beginDiff, type WorkspaceDiff } from "./workspace-diff.ts";

/** Events that are looked through for one task. */
const EVENTS = 10_000;

/** A task for an agent. */
export interface TaskOptions extends CreateOptions {
  /** What it is to do: the last word of its command. */
  readonly prompt?: string;
  /** Words of its command before the prompt. */
  readonly args?: readonly string[];
  /** The agent is ended when it has run for so many milliseconds; its exit code is then 124. */
  readonly deadlineMs?: number;
  /** Whether to tell what changed in the workspace as a diff; unless `false`. */
  readonly diff?: boolean;
  /** Whether the sandbox stays, for a look at what happened. */
  readonly keep?: boolean;
}

/** What became of a task. */
export interface TaskResult extends ExecResult {
  /** Name of its sandbox, which is there no more unless it was to stay. */
  readonly sandbox: string;
  /** What the daemon found changed in the workspace, and what of it would run on this machine. */
  readonly report: WorkspaceReport;
  /** The same as a diff, as git in the sandbox tells it; absent without git in there, or when it was not wanted. */
  readonly diff?: WorkspaceDiff;
  /** Destinations that the wall refused, as `host:port`, each once. */
  readonly denied: readonly string[];
  /** Tokens of the model that were used, as its provider counted them. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
}

/** Give the agent of a fresh sandbox its task, and collect what became of it. The caller disposes of the sandbox. */
export async function runTask(box: SandboxHandle, { prompt, args = [], diff = true, deadlineMs, signal }: TaskOptions): Promise<TaskResult> {
  const endDiff = diff ? await beginDiff((command, options) => box.exec(command, options), signal) : undefined;
  const words = [...args, ...(prompt === undefined ? [] : [prompt])];
  const result = await box.runAgent(words, { ...(signal === undefined ? {} : { signal }), ...(deadlineMs === undefined ? {} : { deadlineMs }) }).result();
  const report = await box.report(signal);
  const changes = await endDiff?.();
  const events = await box.record({ limit: EVENTS });
  return { ...result, sandbox: box.name, report, ...(changes === undefined ? {} : { diff: changes }), denied: deniedOf(events), usage: usageOf(events) };
}

function deniedOf(events: readonly Event[]): readonly string[] {
  const denied = events.filter(({ type }) => type === "egress.denied").map(({ fields: { to, port } }) => (port === undefined ? String(to) : `${String(to)}:${String(port)}`));
  return [...new Set(denied)];
}

function usageOf(events: readonly Event[]): TaskResult["usage"] {
  const sum = (name: string): number => events.filter(({ type }) => type === "model.used").reduce((total, { fields }) => total + (Number(fields[name]) || 0), 0);
  return { inputTokens: sum("inputTokens"), outputTokens: sum("outputTokens") };
}
