import * as z from "zod";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import { empty, json } from "../http/answer.ts";
import { startContainer } from "../life/start-container.ts";
import { updateContainer } from "../life/update-container.ts";
import { Refusal } from "../refusal.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { ContainerUpdate } from "./schema/container-update.ts";
import { Count } from "./schema/field.ts";

const Signal = z.string().regex(/^(?:SIG)?[A-Z0-9+-]{1,12}$|^\d{1,2}$|^$/, "the name or number of a signal");
const Seconds = z.coerce.number().int().min(-1).max(600);
const Keys = z.string().max(64);

/** Do one plain thing with a container. */
async function act(
  guard: Guard,
  reference: string,
  { path, query = {}, failed, states = {} }: { readonly path: string; readonly query?: Readonly<Record<string, string>>; readonly failed: string; readonly states?: Readonly<Record<number, string>> },
): Promise<number> {
  const { id } = guard.containers.find(reference);
  const answer = await guard.parts.engine.call({ method: "POST", path: ["containers", id, path], query });
  if (answer.status < 300 || answer.status === 304) return answer.status;
  const known = states[answer.status];
  if (known !== undefined) throw new Refusal(answer.status, `${known}: ${id}`);
  throw refusalOf(answer, failed);
}

function given(query: Readonly<Record<string, string | number | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(query).flatMap(([key, value]) => (value === undefined || value === "" ? [] : [[key, String(value)]])));
}

/** A container's life. */
export const CONTAINER_LIFE_ROUTES: readonly GuardRoute[] = [
  route("POST containers/{id}/start", {
    means: "starts it, after its gate",
    query: queryOf({ detachKeys: Keys }),
    handle: async ({ guard, param }) => empty((await startContainer(guard, guard.containers.find(param))) ? 204 : 304),
  }),
  route("POST containers/{id}/stop", {
    means: "asks it to end, and kills it after `t` seconds",
    query: queryOf({ t: Seconds, signal: Signal }),
    handle: async ({ guard, param, query: { t, signal } }) => empty(await act(guard, param, { path: "stop", query: given({ t, signal }), failed: "the container could not be stopped" })),
  }),
  route("POST containers/{id}/restart", {
    means: "ends it and starts it again; its pod stays",
    query: queryOf({ t: Seconds, signal: Signal }),
    handle: async ({ guard, param, query: { t, signal } }) => {
      const container = guard.containers.find(param);
      await act(guard, container.id, { path: "stop", query: given({ t, signal }), failed: "the container could not be stopped" });
      await startContainer(guard, container);
      return empty();
    },
  }),
  route("POST containers/{id}/kill", {
    means: "sends it a signal",
    query: queryOf({ signal: Signal }),
    handle: async ({ guard, param, query: { signal } }) =>
      empty(await act(guard, param, { path: "kill", query: given({ signal }), failed: "the signal could not be sent", states: { 409: "the container is not running" } })),
  }),
  route("POST containers/{id}/pause", {
    means: "holds its processes",
    handle: async ({ guard, param }) => empty(await act(guard, param, { path: "pause", failed: "the container could not be paused", states: { 409: "the container is not running, or paused" } })),
  }),
  route("POST containers/{id}/unpause", {
    means: "lets them go on",
    handle: async ({ guard, param }) => empty(await act(guard, param, { path: "unpause", failed: "the container could not go on", states: { 409: "the container is not paused" } })),
  }),
  route("POST containers/{id}/update", {
    means: "changes its limits, within those of the sandbox",
    body: ContainerUpdate,
    handle: async ({ guard, param, body }) => {
      await updateContainer(guard, guard.containers.find(param), body);
      return json({ Warnings: [] });
    },
  }),
  route("POST containers/{id}/resize", {
    means: "sets the size of its terminal",
    query: queryOf({ h: Count, w: Count }),
    handle: async ({ guard, param, query: { h, w } }) => {
      await act(guard, param, { path: "resize", query: given({ h, w }), failed: "the terminal could not be resized", states: { 409: "the container is not running" } });
      return empty(200);
    },
  }),
];
