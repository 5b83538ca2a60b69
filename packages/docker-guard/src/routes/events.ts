import { Readable } from "node:stream";
import * as z from "zod";
import type { GuardEvent } from "../events.ts";
import type { Guard } from "../guard.ts";
import type { Answer } from "../http/answer.ts";
import { Refusal } from "../refusal.ts";
import { filterParameter, isAmong, labelsFit, type Filters } from "./filter.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";

const NAMES = ["container", "event", "image", "label", "network", "type", "volume"] as const;
const Moment = z
  .string()
  .regex(/^(?:\d{1,12}(?:\.\d{1,9})?)?$/, "seconds since 1970")
  .transform((text) => (text === "" ? undefined : Number(text)));

function fits(event: GuardEvent, wanted: Filters<(typeof NAMES)[number]>): boolean {
  const names = [event.id, event.id.slice(0, 12), event.attributes["name"] ?? ""];
  const ofType = (type: GuardEvent["type"], list: readonly string[] | undefined) => list === undefined || (event.type === type && list.some((one) => names.includes(one)));
  return (
    isAmong(event.type, wanted.type) &&
    (wanted.event === undefined || wanted.event.some((one) => event.action === one || event.action.startsWith(`${one}:`))) &&
    isAmong(event.attributes["image"] ?? "", wanted.image) &&
    labelsFit(event.attributes, wanted.label) &&
    ofType("container", wanted.container) &&
    ofType("volume", wanted.volume) &&
    ofType("network", wanted.network)
  );
}

function line({ type, action, id, attributes, timeNano }: GuardEvent): string {
  const old = type === "container" ? { status: action, id, from: attributes["image"] ?? "" } : {};
  const time = Number(timeNano / 1_000_000_000n);
  // Nanoseconds are more than a number of JavaScript holds: written as digits.
  return `${JSON.stringify({ ...old, Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: "local", time }).slice(0, -1)},"timeNano":${timeNano}}\n`;
}

const secondsOf = ({ timeNano }: GuardEvent) => Number(timeNano) / 1e9;

function follow(
  guard: Guard,
  { since, until, filters = {} }: { readonly since?: number | undefined; readonly until?: number | undefined; readonly filters?: Filters<(typeof NAMES)[number]> | undefined },
): Answer {
  const nowSeconds = guard.parts.now().getTime() / 1000;
  if (until !== undefined && until - nowSeconds > 86_400) throw new Refusal(400, "events are followed for at most a day ahead; leave out until");
  const place = guard.streams.take();
  const out = new Readable({ read: () => undefined, highWaterMark: 1 << 20 });
  const push = (event: GuardEvent) => {
    if (!fits(event, filters) || out.destroyed) return;
    // A client that does not read is not waited for.
    if (!out.push(line(event)) && out.readableLength > 4 << 20) out.destroy(new Error("the client does not read its events"));
  };
  const listening = guard.events.listen(push);
  if (since !== undefined) for (const event of guard.events.recent()) if (secondsOf(event) >= since && (until === undefined || secondsOf(event) <= until)) push(event);
  const timer = until === undefined ? undefined : setTimeout(() => out.push(null), Math.max(0, (until - nowSeconds) * 1000));
  out.once("close", () => {
    listening[Symbol.dispose]();
    place[Symbol.dispose]();
    clearTimeout(timer);
  });
  return { kind: "stream", type: "application/json", body: out };
}

/** What happens to things of the sandbox. */
export const EVENT_ROUTES: readonly GuardRoute[] = [
  route("GET events", {
    means: "tells what happens to things of the sandbox",
    query: queryOf({ since: Moment, until: Moment, filters: filterParameter(NAMES) }),
    handle: ({ guard, query }) => follow(guard, query),
  }),
];
