import * as z from "zod";
import { summaryAnswer } from "../answers/container-answers.ts";
import { writtenInspect } from "../answers/written-inspect.ts";
import { TopFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import { empty, json, written } from "../http/answer.ts";
import { createContainer } from "../life/create-container.ts";
import { removeContainer } from "../life/remove-container.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import type { EngineReply } from "../ports.ts";
import { reaperSummary } from "../reaper/reaper-answers.ts";
import { Refusal } from "../refusal.ts";
import { CONTAINER_FILTERS, fitsFilters, reaperFits, type ContainerFilters } from "./container-filters.ts";
import { filterParameter, labelsFit, type Filters } from "./filter.ts";
import { createReaper } from "./reaper.ts";
import { parse, queryOf, route, type GuardRoute } from "./route.ts";
import { ContainerCreate } from "./schema/container-config.ts";
import { Count, Flag, ObjectName, text } from "./schema/field.ts";
import { summaries } from "../owned/summaries.ts";

const Name = z
  .string()
  .transform((name) => name.replace(/^\//, ""))
  .pipe(z.union([z.literal(""), ObjectName]));

/** What the engine says of one container. @throws Refusal 404 when it is gone by now */
async function askOf(guard: Guard, { id }: OwnedContainer, size = false): Promise<EngineReply> {
  const answer = await guard.parts.engine.call({ method: "GET", path: ["containers", id, "json"], ...(size ? { query: { size: "1" } } : {}) });
  if (answer.status === 404) await guard.destroyed(id);
  if (answer.status !== 200) throw refusalOf(answer, `No such container: ${id}`);
  return answer;
}

async function list(
  guard: Guard,
  { all, size, limit, filters = {} }: { readonly all?: boolean | undefined; readonly size?: boolean | undefined; readonly limit?: number | undefined; readonly filters?: ContainerFilters | undefined },
): Promise<readonly unknown[]> {
  const states = await summaries(guard, size === true ? { size: "1" } : {});
  const everything = all === true || (limit ?? 0) > 0 || filters.status !== undefined || filters.exited !== undefined;
  const found = states.flatMap((facts) => {
    const container = guard.containers.all().find(({ id }) => id === facts.Id);
    const shown = container !== undefined && (everything || facts.State === "running" || facts.State === "paused") && fitsFilters({ guard, container, facts }, filters);
    return shown ? [summaryAnswer(guard, container, facts)] : [];
  });
  const reapers = guard.reapers
    .all()
    .filter((one) => (everything || one.reaper.port !== undefined) && reaperFits(one, filters))
    .map(reaperSummary);
  const listed = [...found, ...reapers];
  return limit !== undefined && limit > 0 ? listed.slice(0, limit) : listed;
}

/** Columns of the engine's host that are shown; its process ids are not. */
const COLUMNS = "pid,ppid,uid,time,args";

async function top(guard: Guard, reference: string): Promise<unknown> {
  const { id } = guard.containers.find(reference);
  const answer = await guard.parts.engine.call({ method: "GET", path: ["containers", id, "top"], query: { ps_args: `-eo ${COLUMNS}` } });
  if (answer.status !== 200) throw refusalOf(answer, "the processes could not be listed: the container does not run");
  const rows = (TopFacts.parse(answer.body).Processes ?? []).map(([pid = "", ppid = "", uid = "", time = "", ...command]) => ({ pid, ppid, uid, time, command: command.join(" ") }));
  const numbers = new Map(rows.map(({ pid }, at) => [pid, String(at + 1)]));
  return { Titles: ["UID", "PID", "PPID", "TIME", "CMD"], Processes: rows.map(({ pid, ppid, uid, time, command }) => [uid, numbers.get(pid) ?? "0", numbers.get(ppid) ?? "0", time, command]) };
}

async function prune(guard: Guard, wanted: Filters<"label" | "until">): Promise<unknown> {
  if (wanted.until !== undefined) throw new Refusal(400, "containers are pruned by label, not by time");
  const removed: string[] = [];
  for (const { Id, State } of await summaries(guard)) {
    const container = guard.containers.all().find(({ id }) => id === Id);
    if (container === undefined || State === "running" || State === "paused" || !labelsFit(container.asked.Labels ?? {}, wanted.label)) continue;
    await removeContainer(guard, container, { force: false, volumes: false });
    removed.push(Id);
  }
  return { ContainersDeleted: removed, SpaceReclaimed: 0 };
}

/** Containers: made, seen, removed. */
export const CONTAINER_ROUTES: readonly GuardRoute[] = [
  route("POST containers/create", {
    means: "makes a container, in a pod of its own",
    query: queryOf({ name: Name, platform: z.enum(["", "linux", "linux/amd64", "linux/arm64"]) }),
    body: z.unknown(),
    handle: async ({ guard, query, json: wish }) => {
      const name = query.name === "" ? undefined : query.name;
      const made = createReaper(guard, name, wish) ?? (await createContainer(guard, { name, asked: parse(ContainerCreate, wish), json: wish }));
      return json({ Id: made.id, Warnings: [] }, 201);
    },
  }),
  route("GET containers/json", {
    means: "lists containers",
    query: queryOf({ all: Flag, limit: Count, size: Flag, trunc_cmd: Flag, filters: filterParameter(CONTAINER_FILTERS) }),
    handle: async ({ guard, query }) => json(await list(guard, query)),
  }),
  route("GET containers/{id}/json", {
    means: "says everything of a container",
    query: queryOf({ size: Flag }),
    handle: async ({ guard, param, query: { size } }) => {
      const container = guard.containers.find(param);
      const reply = await askOf(guard, container, size);
      return written(writtenInspect(guard, guard.containers.find(container.id), reply));
    },
  }),
  route("GET containers/{id}/top", {
    means: "lists its processes; how they are listed cannot be chosen",
    query: queryOf({ ps_args: text(64) }),
    handle: async ({ guard, param }) => json(await top(guard, param)),
  }),
  route("POST containers/{id}/rename", {
    means: "gives it another name",
    query: queryOf({ name: Name }),
    handle: async ({ guard, param, query: { name = "" } }) => {
      const container = guard.containers.find(param);
      if (name === "") throw new Refusal(400, "a container has to have a name");
      if (name !== container.name) guard.containers.refuseTaken(name);
      const answer = await guard.parts.engine.call({ method: "POST", path: ["containers", container.id, "rename"], query: { name: guard.containers.engineName(name) } });
      if (answer.status !== 204) throw refusalOf(answer, "the container could not be renamed");
      guard.containers.rename(container.id, name);
      await guard.parts.pods.rename(container.record.pod, name);
      return empty();
    },
  }),
  route("DELETE containers/{id}", {
    means: "removes it, and with v the volumes without a name",
    query: queryOf({ v: Flag, force: Flag, link: z.enum(["", "0", "false", "False"], { error: "there are no links" }) }),
    handle: async ({ guard, param, query: { v = false, force = false } }) => {
      await removeContainer(guard, guard.containers.find(param), { force, volumes: v });
      return empty();
    },
  }),
  route("POST containers/prune", {
    means: "removes those that do not run",
    query: queryOf({ filters: filterParameter(["label", "until"]) }),
    handle: async ({ guard, query: { filters = {} } }) => json(await prune(guard, filters)),
  }),
];
