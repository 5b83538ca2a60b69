import { AppError, type ChildContainer, type dockerApi, type DockerUsage, type Handlers } from "@sbx/contracts";
import type { Engine, SandboxRecord } from "@sbx/core";
import type { GuardEngine } from "@sbx/docker-guard";
import * as z from "zod";
import type { ComposedDocker } from "./compose-docker.ts";
import type { DockerRules } from "./docker-rules.ts";

/** The daemon's answers about what agents do with their Docker API. */
export type DockerHandlers = Pick<Handlers, keyof typeof dockerApi>;

export interface DockerHandlerParts {
  readonly docker: ComposedDocker;
  readonly engine: () => Promise<Pick<Engine, "findImage">>;
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (ref: string) => SandboxRecord;
}

/** What is read of the guard's answers. */
const Containers = z.array(
  z.looseObject({
    Id: z.string(),
    Names: z.array(z.string()),
    Image: z.string(),
    State: z.string(),
    Status: z.string(),
    Ports: z.array(z.looseObject({ PrivatePort: z.int(), PublicPort: z.int().optional() })),
    NetworkSettings: z.looseObject({ Networks: z.record(z.string(), z.unknown()) }),
    SizeRw: z.number().default(0),
  }),
);
const Sized = z.array(z.looseObject({ Size: z.number().default(0) }));
const Networks = z.array(z.looseObject({ Name: z.string() }));
const Volumes = z.looseObject({ Volumes: z.array(z.unknown()).nullable() });
const Names = z.array(z.string()).nullish();
const Pruned = z.looseObject({ ContainersDeleted: Names, NetworksDeleted: Names, VolumesDeleted: Names });

const done = { done: true } as const;

/** One function for each route of Docker APIs. */
export function dockerHandlers({ docker: { sockets, rules, rulesOf }, engine, sandbox }: DockerHandlerParts): DockerHandlers {
  const scoped = (ref: string | undefined): DockerRules => (ref === undefined ? rules : rulesOf(sandbox(ref).id));
  const client = (ref: string): Promise<GuardEngine> => sockets.client(sandbox(ref));
  return {
    listContainers: async ({ sandbox: ref }) => (await containersOf(await client(ref))).map(containerView),
    dockerUsage: async ({ sandbox: ref }) => usageOf(await client(ref)),
    pruneDocker: async ({ sandbox: ref }) => pruneAll(await client(ref)),
    listDockerImages: async () => {
      const connected = await engine();
      return Promise.all((await rules.images()).map(async (reference) => ({ reference, present: (await connected.findImage(reference)) !== undefined })));
    },
    allowDockerImage: async ({ reference }) => {
      if ((await (await engine()).findImage(reference)) === undefined)
        throw new AppError("IMAGE_UNAVAILABLE", { message: `The engine of this machine has no image "${reference}"`, fix: `Bring it there first: docker pull ${reference}` });
      await rules.allowImage(reference);
      return done;
    },
    denyDockerImage: async ({ reference }) => {
      if (!(await rules.denyImage(reference)))
        throw new AppError("RULE_UNKNOWN", { message: `"${reference}" is not among the images that sandboxes may run`, fix: "List them with: sbx docker images" });
      return done;
    },
    listRegistryRules: async ({ sandbox: ref }) => {
      const own = ref === undefined ? [] : await scoped(ref).registries();
      return [...own.map((rule) => ({ ...rule, for: "sandbox" as const })), ...(await rules.registries()).map((rule) => ({ ...rule, for: "all" as const }))];
    },
    allowRegistry: async ({ sandbox: ref, ...rule }) => {
      await scoped(ref).allowRegistry(rule);
      return done;
    },
    denyRegistry: async ({ sandbox: ref, ...rule }) => {
      if (!(await scoped(ref).denyRegistry(rule))) throw new AppError("RULE_UNKNOWN", { message: `No rule lets agents ${rule.action} "${rule.images}"`, fix: "List them with: sbx docker rules" });
      return done;
    },
  };
}

async function ask<T>(
  guard: GuardEngine,
  schema: z.ZodType<T>,
  { method = "GET", path, query = {} }: { readonly method?: "GET" | "POST"; readonly path: readonly string[]; readonly query?: Readonly<Record<string, string>> },
): Promise<T> {
  const { status, body } = await guard.call({ method, path, query });
  if (status >= 300) throw new AppError("ENGINE_FAILED", { message: `The sandbox's Docker API answered ${status} to ${path.join("/")}`, fix: "Look at the daemon's log with: sbx daemon logs" });
  return schema.parse(body);
}

function containersOf(guard: GuardEngine, query: Readonly<Record<string, string>> = {}): Promise<z.output<typeof Containers>> {
  return ask(guard, Containers, { path: ["containers", "json"], query: { all: "1", ...query } });
}

function containerView({ Id, Names: names, Image, State, Status, Ports, NetworkSettings }: z.output<typeof Containers>[number]): ChildContainer {
  return {
    id: Id,
    name: names[0]?.replace(/^\//, "") ?? "",
    image: Image,
    state: State,
    status: Status,
    ports: Ports.flatMap(({ PrivatePort, PublicPort }) => (PublicPort === undefined ? [] : [{ containerPort: PrivatePort, hostPort: PublicPort }])),
    networks: Object.keys(NetworkSettings.Networks),
  };
}

async function usageOf(guard: GuardEngine): Promise<DockerUsage> {
  const containers = await containersOf(guard, { size: "1" });
  const images = await ask(guard, Sized, { path: ["images", "json"] });
  const volumes = await ask(guard, Volumes, { path: ["volumes"] });
  const networks = await ask(guard, Networks, { path: ["networks"] });
  return {
    containers: containers.length,
    running: containers.filter(({ State }) => State === "running").length,
    containersBytes: containers.reduce((sum, { SizeRw }) => sum + SizeRw, 0),
    images: images.length,
    imagesBytes: images.reduce((sum, { Size }) => sum + Size, 0),
    volumes: volumes.Volumes?.length ?? 0,
    networks: networks.length,
  };
}

async function pruneAll(guard: GuardEngine): Promise<{ readonly containers: string[]; readonly networks: string[]; readonly volumes: string[] }> {
  const prune = (what: string, query = {}): Promise<z.output<typeof Pruned>> => ask(guard, Pruned, { method: "POST", path: [what, "prune"], query });
  const { ContainersDeleted } = await prune("containers");
  const { NetworksDeleted } = await prune("networks");
  const { VolumesDeleted } = await prune("volumes", { filters: JSON.stringify({ all: ["true"] }) });
  return { containers: ContainersDeleted ?? [], networks: NetworksDeleted ?? [], volumes: VolumesDeleted ?? [] };
}
