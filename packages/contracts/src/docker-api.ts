import * as z from "zod";
import { SandboxRef } from "./ids.ts";
import { Done, Nothing, OfSandbox } from "./plain-shapes.ts";
import { route } from "./route.ts";
import { SecretName } from "./secret.ts";

/** How a person names an image: a repository with tag or digest, or an image's full id. */
export const ImageReference = z.string().regex(/^[a-z0-9][A-Za-z0-9._:@/-]{0,400}$/, "an image is written as postgres:16 or registry.example.org/team/app@sha256:…");

/**
 * Images of a registry as a person names them in a rule: `registry.example.org/team/*` (one level), `…/**` (any depth),
 * `postgres:16`, `…/app@sha256:…`. Parsed by `@sbx/egress-policy`, which refuses what is none of these.
 */
export const ImagesPattern = z.string().min(1).max(400);

/** What agents may bring from a registry, or give to one, and the secret that holds the login for it (`USER:PASSWORD`). */
export const RegistryRule = z.strictObject({ action: z.enum(["pull", "push"]), images: ImagesPattern, secret: SecretName.optional() });
export type RegistryRule = z.infer<typeof RegistryRule>;

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
  listDockerImages: route({ method: "GET", path: "/v1/docker/images", request: Nothing, response: z.array(z.object({ reference: z.string(), present: z.boolean() })) }),
  allowDockerImage: route({ method: "POST", path: "/v1/docker/images", request: z.strictObject({ reference: ImageReference }), response: Done }),
  denyDockerImage: route({ method: "POST", path: "/v1/docker/image-removals", request: z.strictObject({ reference: ImageReference }), response: Done }),
  /** Rules of registries: the user's for all sandboxes, and with `sandbox` those of that one, too. */
  listRegistryRules: route({
    method: "GET",
    path: "/v1/docker/registry-rules",
    request: z.strictObject({ sandbox: SandboxRef.optional() }),
    response: z.array(RegistryRule.extend({ for: z.enum(["all", "sandbox"]) })),
  }),
  /** A rule for the same images replaces the one that is there. */
  allowRegistry: route({ method: "POST", path: "/v1/docker/registry-rules", request: RegistryRule.extend({ sandbox: SandboxRef.optional() }), response: Done }),
  denyRegistry: route({
    method: "POST",
    path: "/v1/docker/registry-rule-removals",
    request: RegistryRule.omit({ secret: true }).extend({ sandbox: SandboxRef.optional() }),
    response: Done,
  }),
} as const;
