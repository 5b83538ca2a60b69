import * as z from "zod";
import { ROUTES } from "./routes/table.ts";
import { CONTAINER_CREATE, ENDPOINT, EXEC_CREATE } from "./routes/schema/container-config.ts";
import { UPDATE } from "./routes/schema/container-update.ts";
import { HOST_CONFIG } from "./routes/schema/host-config.ts";
import { NETWORK_CONNECT, NETWORK_CREATE, VOLUME_CREATE } from "./routes/schema/objects.ts";

type Fields = Readonly<Record<string, z.ZodType>>;

const BODIES: readonly (readonly [title: string, fields: Fields])[] = [
  ["Body of `POST /containers/create`", CONTAINER_CREATE],
  ["`HostConfig`", HOST_CONFIG],
  ["`NetworkingConfig.EndpointsConfig` of each network", ENDPOINT],
  ["Body of `POST /containers/{id}/exec`", EXEC_CREATE],
  ["Body of `POST /containers/{id}/update`", UPDATE],
  ["Body of `POST /networks/create`", NETWORK_CREATE],
  ["Body of `POST /networks/{id}/connect`", NETWORK_CONNECT],
  ["Body of `POST /volumes/create`", VOLUME_CREATE],
];

/** Write docs/docker-api.md from the tables that decide. */
export function apiDocument(): string {
  return [
    "# The Docker API of a sandbox",
    "",
    "Written from the tables in `packages/docker-guard/src/routes` by `npm run docker-api`. What is not here does not exist for a",
    "sandbox: an unknown call is 404, an unknown parameter or field is 400 with its name.",
    "",
    "## Calls",
    "",
    "| call | parameters | what it does |",
    "|---|---|---|",
    ...ROUTES.map(({ method, path, query, means }) => `| \`${method} /${path}\` | ${query.map((name) => `\`${name}\``).join(" ")} | ${means} |`),
    ...BODIES.flatMap(([title, fields]) => [
      "",
      `## ${title}`,
      "",
      "| field | what it does |",
      "|---|---|",
      ...Object.entries(fields).map(([name, schema]) => `| \`${name}\` | ${schema.description ?? ""} |`),
    ]),
    "",
  ].join("\n");
}
