import { AppError, type AgentView, type DaemonStatus, type Event, type Sandbox, type TemplateView } from "@sbx/contracts";
import { createDaemonPort, type Connection, type DaemonPort } from "../client/daemon-port.ts";
import { processPlace, type Place, type PlaceOverrides } from "../client/process-place.ts";
import { wait } from "../client/wait.ts";
import { newOperation } from "../client/new-operation.ts";
import { writeKit } from "../client/write-kit.ts";
import { createLink } from "./daemon-link.ts";
import { createInput, destinations, type CreateInput, type CreateOptions, type ProgressStep } from "./create-options.ts";
import { followEvents, type EventOptions } from "./follow-events.ts";
import { refuseAborted } from "./interrupted.ts";
import { runTask, type TaskOptions, type TaskResult } from "./run-task.ts";
import { SandboxHandle } from "./sandbox-handle.ts";

/** The sandboxes of this user, as a program sees them. Nothing is opened, read or started before the first call. */
export interface Sbx {
  /**
   * Make a sandbox and start it. Dispose of the handle (`await using`) to take it away with all that it holds.
   *
   * @throws AppError `NAME_TAKEN`, `AGENT_UNKNOWN`, `KIT_INVALID`, `WORKSPACE_INVALID`, `CONFIG_INVALID`, `ENGINE_UNREACHABLE`, …
   */
  readonly create: (options: CreateOptions) => Promise<SandboxHandle>;
  /** A sandbox that is there, by name or id. Disposing of the handle leaves it. @throws AppError `SANDBOX_NOT_FOUND` */
  readonly get: (sandbox: string) => Promise<SandboxHandle>;
  /** All sandboxes of this user. */
  readonly list: () => Promise<readonly SandboxHandle[]>;
  /** Make a sandbox, give its agent a task without a terminal, collect what became of it, and take the sandbox away. */
  readonly run: (options: TaskOptions) => Promise<TaskResult>;
  /** Events of all sandboxes, from now on or after `after`, also over restarts of the daemon. */
  readonly events: (options?: EventOptions) => AsyncGenerator<Event, undefined>;
  /** Agents that can be named. */
  readonly agents: () => Promise<readonly AgentView[]>;
  /** Templates that sandboxes can be started from. */
  readonly templates: () => Promise<readonly TemplateView[]>;
  /** @throws AppError `TEMPLATE_UNKNOWN`, `SANDBOX_BUSY` while a sandbox is made of it */
  readonly removeTemplate: (name: string) => Promise<void>;
  /** How the daemon stands; it is started when it does not run. */
  readonly status: () => Promise<DaemonStatus>;
}

/** The SDK for another place than this process's own: other environment, home or current directory. */
export function createSbx(overrides: PlaceOverrides = {}): Sbx {
  const here = (): { readonly place: Place; readonly port: DaemonPort } => {
    const place = processPlace(overrides);
    return { place, port: createDaemonPort(place) };
  };
  const link = createLink(() => here().port);
  const events = { connect: link, find: () => here().port.find(), sleep: wait };
  const handle = (sandbox: Sandbox, owned: boolean): SandboxHandle => new SandboxHandle(sandbox, { link, events, owned, absolute: (path) => here().place.absolute(path) });

  const create = async (options: CreateOptions, owned: boolean): Promise<SandboxHandle> => {
    refuseAborted(options.signal, "The making of a sandbox");
    const { place, port } = here();
    const deny = destinations(options.policy?.deny);
    const input = createInput(options, { agent: await agentOf(options.agent, place, port), absolute: place.absolute });
    const { sandbox } = await makeSandbox(await link(), { input, options });
    const box = handle(sandbox, owned);
    try {
      for (const destination of deny) await box.deny(destination);
      return box;
    } catch (error) {
      await box.remove({ force: true });
      throw error;
    }
  };

  return {
    create: (options) => create(options, true),
    get: async (ref) => handle(await (await link()).client.inspectSandbox({ sandbox: ref }), false),
    list: async () => (await (await link()).client.listSandboxes({})).map((sandbox) => handle(sandbox, false)),
    run: async (options) => {
      await using box = await create(options, options.keep !== true);
      return await runTask(box, options);
    },
    events: (options = {}) => followEvents(events, options),
    agents: async () => (await link()).client.listAgents({}),
    templates: async () => (await link()).client.listTemplates({}),
    removeTemplate: async (template) => {
      await (await link()).client.removeTemplate({ template });
    },
    status: async () => (await link()).client.status({}),
  };
}

/** The SDK of this process's user: `SBX_STATE_DIR` and its fellows hold as for the command line. */
export const sbx: Sbx = createSbx();

/** A name as it is; a directory as an absolute path; a profile as the Kit that it was made. */
async function agentOf(agent: CreateOptions["agent"], { absolute }: Place, { paths }: DaemonPort): Promise<string> {
  if (typeof agent !== "string") return await writeKit(agent, `${paths.stateDirectory}/kits`);
  return /\/|^\.\.?$/.test(agent) ? absolute(agent) : agent;
}

async function makeSandbox(
  connection: Connection,
  { input, options: { signal, onProgress } }: { readonly input: CreateInput; readonly options: CreateOptions },
): Promise<{ readonly sandbox: Sandbox }> {
  if (onProgress === undefined) return await connection.client.createSandbox(input, signal);
  const operation = newOperation();
  const done = new AbortController();
  const stream = await connection.events({}, done.signal);
  const read = async (): Promise<void> => {
    for await (const { type, fields } of stream) if (type === "sandbox.progress" && fields["operation"] === operation) onProgress(stepOf(fields));
  };
  // Progress is a courtesy: when its stream breaks, the call itself says what is wrong.
  const reading = read().catch(() => undefined);
  try {
    return await connection.client.createSandbox({ ...input, operation }, signal);
  } finally {
    done.abort();
    await reading;
  }
}

const STATES = ["started", "line", "done", "failed"] as const;

function stepOf({ step, state, text, ms }: Event["fields"]): ProgressStep {
  const known = STATES.find((one) => one === state);
  if (known === undefined) throw new AppError("INTERNAL", { message: `The daemon tells of a step in the state "${String(state)}"`, fix: "Bring SDK and daemon to the same version." });
  return { step: String(step), state: known, ...(text === undefined ? {} : { text: String(text) }), ...(typeof ms === "number" ? { milliseconds: ms } : {}) };
}
