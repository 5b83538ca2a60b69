import { Refusal } from "../refusal.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag, text } from "./schema/field.ts";

/** Clients ask these to find out whether there is a swarm. */
function noSwarm(name: `${"GET" | "POST"} ${string}`): GuardRoute {
  return route(name, {
    means: "says that there is no swarm",
    query: queryOf({ force: Flag, filters: text(4096), status: Flag }),
    handle: () => {
      throw new Refusal(503, "This node is not part of a swarm: a sandbox has none");
    },
  });
}

/** What an engine that is in no swarm answers of one. */
export const SWARM_ROUTES: readonly GuardRoute[] = [
  noSwarm("GET swarm"),
  noSwarm("POST swarm/leave"),
  noSwarm("GET nodes"),
  noSwarm("GET services"),
  noSwarm("GET tasks"),
  noSwarm("GET secrets"),
  noSwarm("GET configs"),
];
