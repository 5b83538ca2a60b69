import type { JsonObject } from "@sbx/contracts";
import * as z from "zod";
import { Created, ExecFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import { empty, json, type Answer } from "../http/answer.ts";
import type { OwnedExec } from "../owned/owned-execs.ts";
import { Refusal } from "../refusal.ts";
import { hijacked } from "./container-streams.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { ExecCreate } from "./schema/container-config.ts";
import { Count, field, whole } from "./schema/field.ts";

const EXEC_START = {
  ConsoleSize: field(z.tuple([whole(0, 10_000), whole(0, 10_000)]), "height and width of the terminal"),
  Detach: field(z.boolean(), "do not wait for it"),
  Tty: field(z.boolean(), "output comes as it is, and not in frames of two streams"),
  // What dockerode says to itself.
  ...Object.fromEntries(["hijack", "stdin", "stdout", "stderr", "stream"].map((name) => [name, field(z.boolean(), "noted")])),
};
const ExecStart = z.strictObject(EXEC_START);

/** Write the engine's request from what was understood. A process gets nothing beyond what its container has. */
function execBody({ AttachStdin = false, AttachStdout = false, AttachStderr = false, Tty = false, Cmd, ...rest }: z.output<typeof ExecCreate>): JsonObject {
  const { Env, User, WorkingDir, DetachKeys = rest.detachKeys } = rest;
  const texts = Object.entries({ User, WorkingDir, DetachKeys }).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const]));
  return { AttachStdin, AttachStdout, AttachStderr, Tty, Cmd, Privileged: false, ...(Env === undefined ? {} : { Env }), ...Object.fromEntries(texts) };
}

async function create(guard: Guard, reference: string, asked: z.output<typeof ExecCreate>): Promise<string> {
  const container = guard.containers.find(reference);
  if (!["", reference, container.id].includes(asked.Container ?? "")) throw new Refusal(400, "Container is refused: it is named in the path, and another one here");
  await guard.execs.makeRoom();
  using _place = guard.execs.quota.take();
  const body = execBody(asked);
  const answer = await guard.parts.engine.call({ method: "POST", path: ["containers", container.id, "exec"], body });
  if (answer.status === 409) throw new Refusal(409, `Container ${container.id} is not running`);
  if (answer.status !== 201) throw refusalOf(answer, "the process could not be made");
  const { Id: id } = Created.parse(answer.body);
  guard.execs.add({ id, container: container.id, asked });
  return id;
}

/** Whether there is a terminal was said when it was made; how its output comes is said now, as the engine has it. */
async function start(guard: Guard, { id, container }: OwnedExec, { detach, tty, version }: { readonly detach: boolean; readonly tty: boolean; readonly version: string | undefined }): Promise<Answer> {
  const request = { method: "POST", path: ["exec", id, "start"], body: { Detach: detach, Tty: tty } } as const;
  if (!detach) return hijacked(guard, request, { container, tty, version, failed: "the process could not be started" });
  const answer = await guard.parts.engine.call(request);
  if (answer.status !== 200) throw refusalOf(answer, "the process could not be started");
  return empty(200);
}

async function inspect(guard: Guard, { id, container, asked }: OwnedExec): Promise<unknown> {
  const answer = await guard.parts.engine.call({ method: "GET", path: ["exec", id, "json"] });
  if (answer.status !== 200) throw refusalOf(answer, `No such exec instance: ${id}`);
  const { Running, ExitCode } = ExecFacts.parse(answer.body);
  const [entrypoint = "", ...words] = asked.Cmd;
  return {
    ID: id,
    Running,
    ExitCode: ExitCode ?? null,
    ProcessConfig: { tty: asked.Tty === true, entrypoint, arguments: words, privileged: false, user: asked.User ?? "" },
    OpenStdin: asked.AttachStdin === true,
    OpenStderr: asked.AttachStderr === true,
    OpenStdout: asked.AttachStdout === true,
    CanRemove: false,
    ContainerID: container,
    DetachKeys: "",
    // A pid of the host is nothing to a sandbox; clients look whether it is 0.
    Pid: Running ? 1 : 0,
  };
}

/** Further processes in containers. */
export const EXEC_ROUTES: readonly GuardRoute[] = [
  route("POST containers/{id}/exec", { means: "makes a further process", body: ExecCreate, handle: async ({ guard, param, body }) => json({ Id: await create(guard, param, body) }, 201) }),
  route("POST exec/{id}/start", {
    means: "starts it and joins its input and output",
    upgrades: true,
    body: ExecStart,
    handle: ({ guard, param, body, version, source }) => {
      const exec = guard.execs.find(param);
      if (body.Detach !== true && exec.asked.AttachStdin === true && source.kind === "plain") throw new Refusal(400, "input needs an upgrade of the connection: Connection: Upgrade, Upgrade: tcp");
      return start(guard, exec, { detach: body.Detach === true, tty: body.Tty === true, version });
    },
  }),
  route("POST exec/{id}/resize", {
    means: "sets the size of its terminal",
    query: queryOf({ h: Count, w: Count }),
    handle: async ({ guard, param, query: { h = 0, w = 0 } }) => {
      const { id } = guard.execs.find(param);
      const answer = await guard.parts.engine.call({ method: "POST", path: ["exec", id, "resize"], query: { h: String(h), w: String(w) } });
      // An engine says of a process that does not run that it failed itself.
      if (answer.status === 500) throw new Refusal(409, "the terminal could not be resized: the process does not run");
      if (answer.status >= 300) throw refusalOf(answer, "the terminal could not be resized");
      return empty(200);
    },
  }),
  route("GET exec/{id}/json", { means: "whether it runs, and how it ended", handle: async ({ guard, param }) => json(await inspect(guard, guard.execs.find(param))) }),
];
