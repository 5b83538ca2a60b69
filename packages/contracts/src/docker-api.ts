import * as z from "zod";
import { SandboxRef } from "./ids.ts";
import { route } from "./route.ts";

const Done = z.object({ done: z.literal(true) });
const OfSandbox = z.strictObject({ sandbox: SandboxRef });

/** How a person names an image: a repository with tag or digest, or an image's full id. */
export const ImageReference = z.string().regex(/^[a-z0-9][A-Za-z0-9._:@/-]{0,400}$/, "an image is written as postgres:16 or registry.example.org/team/app@sha256:…");

/** A container that a sandbox's agent started, as its person sees it. */
export const ChildContainer = z.object({
  id: z.string(),
  name: z.string(),
  image: z.string(),
  /** In the engine's words: running, exited, … */
  state: z.string(),
  status: z.string(),
  /** `hostPort` is at the agent's `localhost`. */
  ports: z.array(z.object({ containerPort: z.number().int(), hostPort: z.number().int() })),
  networks: z.array(z.string()),
});
export type ChildContainer = z.infer<typeof ChildContainer>;

/** What a sandbox's agent keeps in the engine. */
export const DockerUsage = z.object({
  containers: z.number().int(),
  running: z.number().int(),
  /** Bytes that containers wrote into their own layers. */
  containersBytes: z.number(),
  images: z.number().int(),
  imagesBytes: z.number(),
  volumes: z.number().int(),
  networks: z.number().int(),
});
export type DockerUsage = z.infer<typeof DockerUsage>;

/** The routes of what sandboxes do with their Docker API. */
export const dockerApi = {
  listContainers: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/docker/containers", request: OfSandbox, response: z.array(ChildContainer) }),
  dockerUsage: route({ method: "GET", path: "/v1/sandboxes/{sandbox}/docker/usage", request: OfSandbox, response: DockerUsage }),
  /** Remove containers that do not run, and networks and volumes that none has. */
  pruneDocker: route({
    method: "POST",
    path: "/v1/sandboxes/{sandbox}/docker/prune",
    request: OfSandbox,
    response: z.object({ containers: z.array(z.string()), networks: z.array(z.string()), volumes: z.array(z.string()) }),
  }),
  /** Images of this machine's engine that every sandbox with a Docker API may run. */
  listDockerImages: route({ method: "GET", path: "/v1/docker/images", request: z.strictObject({}), response: z.array(z.object({ reference: z.string(), present: z.boolean() })) }),
  allowDockerImage: route({ method: "POST", path: "/v1/docker/images", request: z.strictObject({ reference: ImageReference }), response: Done }),
  denyDockerImage: route({ method: "POST", path: "/v1/docker/image-removals", request: z.strictObject({ reference: ImageReference }), response: Done }),
} as const;
