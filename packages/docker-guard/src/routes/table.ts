import { ARCHIVE_ROUTES } from "./archive.ts";
import { BUILD_ROUTES } from "./build.ts";
import { CONTAINER_ROUTES } from "./containers.ts";
import { CONTAINER_STREAM_ROUTES } from "./container-streams.ts";
import { CONTAINER_LIFE_ROUTES } from "./container-life.ts";
import { EVENT_ROUTES } from "./events.ts";
import { EXEC_ROUTES } from "./execs.ts";
import { IMAGE_LIFE_ROUTES } from "./image-life.ts";
import { IMAGE_ROUTES } from "./images.ts";
import { NETWORK_ROUTES } from "./networks.ts";
import { SWARM_ROUTES } from "./swarm.ts";
import { SYSTEM_ROUTES } from "./system.ts";
import { VOLUME_ROUTES } from "./volumes.ts";
import type { GuardRoute } from "./route.ts";

/** Everything that a sandbox can ask; what is not in here is answered 404. */
export const ROUTES: readonly GuardRoute[] = [
  ...SYSTEM_ROUTES,
  ...CONTAINER_ROUTES,
  ...CONTAINER_LIFE_ROUTES,
  ...CONTAINER_STREAM_ROUTES,
  ...ARCHIVE_ROUTES,
  ...EXEC_ROUTES,
  ...IMAGE_ROUTES,
  ...IMAGE_LIFE_ROUTES,
  ...BUILD_ROUTES,
  ...NETWORK_ROUTES,
  ...VOLUME_ROUTES,
  ...EVENT_ROUTES,
  ...SWARM_ROUTES,
];
