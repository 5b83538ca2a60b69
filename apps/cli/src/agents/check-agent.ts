import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AgentView, Client, Event, Sandbox } from "@sbx/contracts";
import type { Connection, Context } from "../context.ts";
import { agentReference } from "./agent-reference.ts";
import { createWithProgress } from "../run/create-with-progress.ts";
import { followSession } from "../session/follow-session.ts";

/** Stands for the task among the words of a check. */
const TASK_WORD = "{}";
const PROOF = "written by the agent";
/** What the bundled model has the agent do. */
const TASK = `Please do this:\n\`\`\`sh\necho ${PROOF} > proof.txt\n\`\`\``;
const DEADLINE_MS = 300_000;

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * Prove an agent: its Kit is read, its image built, and in a sandbox of its own it does one task of the bundled model, or
 * tells its version where it has no model. The sandbox is gone afterwards. Gives whether all went well.
 */
export async function checkAgent(context: Context, named: string, words: readonly string[]): Promise<boolean> {
  const agent = agentReference(named, context);
  const connection = await context.daemon.connect();
  const view = await connection.client.showAgent({ agent });
  report(context, { what: "kit", ok: true, detail: `${view.displayName}, from ${view.source}` });
  for (const skipped of view.skipped) report(context, { what: "left out", ok: true, detail: skipped });
  const workspace = await mkdtemp(path.join(tmpdir(), "sbx-check-"));
  try {
    const findings = await tryAgent(context, connection, { view, agent, words, workspace });
    for (const finding of findings) report(context, finding);
    return findings.every(({ ok }) => ok);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

function report({ io }: Context, { what, ok, detail }: Finding): void {
  io.out(`${ok ? "ok    " : "FAILED"} ${what.padEnd(9)} ${detail}\n`);
}

interface Trial {
  readonly view: AgentView;
  readonly agent: string;
  readonly words: readonly string[];
  readonly workspace: string;
}

async function tryAgent(context: Context, connection: Connection, { view, agent, words, workspace }: Trial): Promise<readonly Finding[]> {
  const { client } = connection;
  const hasModel = view.service !== undefined;
  const input = { agent, workspace, model: hasModel ? ("scripted" as const) : ("auto" as const) };
  const { sandbox } = await createWithProgress(context, connection, { input, quiet: false });
  try {
    const args = words.length > 0 ? words.map((word) => (word === TASK_WORD ? TASK : word)) : [hasModel ? TASK : "--version"];
    const session = await client.openSession({ sandbox: sandbox.id, kind: "agent", mode: "streams", args, env: {}, stdin: false, deadlineMs: DEADLINE_MS });
    const code = await followSession(toStderr(context), connection, { session: session.id, mode: "streams", stdin: false, detachKeys: new Uint8Array(), clipboard: false, sandboxName: sandbox.name });
    const ended: Finding = { what: "end", ok: code === 0, detail: `exit code ${code}` };
    return [ended, ...(hasModel ? await proofs(client, sandbox, workspace) : [])];
  } finally {
    await client.removeSandbox({ sandbox: sandbox.id, force: "true" });
  }
}

/** What the agent prints is no finding. */
function toStderr(context: Context): Context {
  return { ...context, io: { ...context.io, out: context.io.err, stdout: context.io.stderr } };
}

async function proofs(client: Client, sandbox: Sandbox, workspace: string): Promise<readonly Finding[]> {
  const events = await client.listEvents({ sandbox: sandbox.id, limit: 10_000 });
  const asked = events.filter(({ type }) => type === "model.used").length;
  const written = await readFile(path.join(workspace, "proof.txt"), "utf8").catch(() => "");
  const refused = refusedHosts(events);
  return [
    { what: "model", ok: asked > 0, detail: asked > 0 ? `asked ${asked} times, with the placeholder alone` : "was never asked; does the Kit tell the agent where it is?" },
    {
      what: "task",
      ok: written.trim() === PROOF,
      detail: written.trim() === PROOF ? "a command was run and wrote into the workspace" : "no command of the model was run; name the words that go before a task: -- -p {}",
    },
    { what: "network", ok: true, detail: refused.length === 0 ? "nothing else was tried" : `refused without harm: ${refused.join(", ")}` },
  ];
}

function refusedHosts(events: readonly Event[]): readonly string[] {
  return [...new Set(events.flatMap(({ type, fields }) => (type === "egress.denied" ? [String(fields["to"])] : [])))].toSorted();
}
