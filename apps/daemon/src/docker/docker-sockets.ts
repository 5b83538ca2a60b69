import { chmod, rm } from "node:fs/promises";
import path from "node:path";
import { AppError, type ContainerPodId, type RecordEvent, type SandboxId } from "@sbx/contracts";
import {
  ContainerPods,
  DOCKER_DIRECTORY,
  DOCKER_SOCKET,
  isWithin,
  LABELS,
  TurnQueue,
  type ContainerPodParts,
  type DockerSockets,
  type SandboxRecord,
  type ServerWorkspace,
  type WorkspaceRequest,
} from "@sbx/core";
import { connectGuardEngine, removeSandboxImages, startDockerGuard, workspaceBinds, type DockerGuard, type GuardBinds, type GuardEngine, type GuardImages } from "@sbx/docker-guard";
import type { OrganisationPolicy } from "../policy/organisation-policy.ts";
import type { DockerFiles } from "./docker-files.ts";
import { guardLimits } from "./docker-policy.ts";
import { recordGuard } from "./record-guard.ts";
import { serveRawSocket } from "./raw-socket.ts";

/** How long containers may take to end when their sandbox stops. */
const GRACE_S = 3;

export interface DockerSocketParts extends Omit<ContainerPodParts, "sandbox" | "files"> {
  readonly files: DockerFiles;
  readonly containerFiles: (sandbox: SandboxId) => ContainerPodParts["files"];
  readonly imagesOf: (record: SandboxRecord) => GuardImages;
  readonly workspace: Pick<ServerWorkspace, "prepareParts" | "releaseParts">;
  /** The workspace as a sandbox has it. */
  readonly workspaceOf: (record: SandboxRecord) => Promise<WorkspaceRequest>;
  readonly organisation: OrganisationPolicy;
  readonly record: RecordEvent;
  readonly onFault: (error: unknown) => void;
}

type OpenApi = Pick<DockerGuard, "unusedMs"> & AsyncDisposable;

/** The Docker API of every sandbox that has one. Disposing ends the APIs and leaves what runs. */
export interface LocalDockerSockets extends DockerSockets, AsyncDisposable {
  /** Speak to a sandbox's guard as its agent would. @throws AppError `SANDBOX_BUSY` when it has none now */
  client(record: SandboxRecord): Promise<GuardEngine>;
}

/** Make what answers for the Docker APIs of sandboxes. */
export function createDockerSockets(parts: DockerSocketParts): LocalDockerSockets {
  const open = new Map<SandboxId, OpenApi>();
  const turns = new TurnQueue();
  const end = async (id: SandboxId): Promise<void> => {
    const running = open.get(id);
    open.delete(id);
    await running?.[Symbol.asyncDispose]();
  };
  const begin = async (record: SandboxRecord): Promise<void> => {
    await end(record.id);
    open.set(record.id, record.request.docker === "raw" ? await openRaw(parts, record) : await openGuard(parts, record));
  };
  return {
    start: (record, workspace) =>
      turns.take(record.id, async () => {
        if (record.request.docker === "none") return [];
        await parts.files.noteBinds(record.id, workspace);
        await begin(record);
        return [{ kind: "bind", source: await parts.files.socketDirectory(record.id), target: DOCKER_DIRECTORY, readonly: true }];
      }),
    resume: (record) =>
      turns.take(record.id, async () => {
        if (record.request.docker === "none") return;
        await begin(record).catch((error: unknown) => {
          parts.onFault(error);
          parts.record({ type: "docker.refused", sandbox: record.id, fields: { reason: AppError.is(error) ? error.message : "the Docker API could not be opened again" } });
        });
      }),
    stop: (record) =>
      turns.take(record.id, async () => {
        if (record.request.docker === "none") return;
        await end(record.id);
        await stopChildren(parts, record.id);
      }),
    remove: (record) =>
      turns.take(record.id, async () => {
        await end(record.id);
        if (record.request.docker !== "none") await removeKept(parts, record.id);
      }),
    unusedMs: (id) => open.get(id)?.unusedMs() ?? Number.POSITIVE_INFINITY,
    async client(record) {
      if (!open.has(record.id) || record.request.docker !== "guarded")
        throw new AppError("SANDBOX_BUSY", {
          message: record.request.docker === "guarded" ? `The sandbox "${record.name}" does not run` : `The sandbox "${record.name}" has no Docker API of its own`,
          fix: record.request.docker === "guarded" ? `Start it with: sbx start ${record.name}` : "Make one with: sbx create --mount-docker-socket AGENT",
        });
      return connectGuardEngine(await socketOf(parts, record.id));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...open.keys()].map(end));
    },
  };
}

async function socketOf({ files }: DockerSocketParts, id: SandboxId): Promise<string> {
  return path.join(await files.socketDirectory(id), DOCKER_SOCKET);
}

async function openGuard(parts: DockerSocketParts, record: SandboxRecord): Promise<OpenApi> {
  const { id } = record;
  await using opened = new AsyncDisposableStack();
  const socket = await socketOf(parts, id);
  const pods = opened.use(new ContainerPods({ ...parts, sandbox: id, files: parts.containerFiles(id) }));
  const { limits, dockerPolicy = { version: 1 } } = record.request;
  const { unusedMs } = opened.use(
    await startDockerGuard({
      sandbox: id,
      socket,
      engine: await connectGuardEngine(await engineSocket(parts)),
      pods,
      binds: await bindsOf(parts, record),
      images: parts.imagesOf(record),
      owner: { [LABELS.owner]: parts.owner },
      key: await parts.files.key(id),
      limits: guardLimits(limits, dockerPolicy),
      onFault: parts.onFault,
      ...recordGuard(id, parts.record),
    }),
  );
  // The workload has an id of its own; on the host the directories above are the daemon's alone.
  await chmod(socket, 0o666);
  const whole = opened.move();
  return { unusedMs, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

async function openRaw(parts: DockerSocketParts, { id }: SandboxRecord): Promise<OpenApi> {
  await parts.organisation.checkRawSocket();
  return serveRawSocket(await socketOf(parts, id), await engineSocket(parts));
}

async function engineSocket({ engine }: DockerSocketParts): Promise<string> {
  const { endpoint } = (await engine()).info;
  const socket = /^unix:\/\/(\/.+)$/.exec(endpoint)?.[1];
  if (socket !== undefined) return socket;
  throw new AppError("PLATFORM_UNSUPPORTED", { message: `A Docker API for agents needs an engine on this machine, and this one is at ${endpoint}`, fix: "Leave --mount-docker-socket out." });
}

/** The workspace and the further directories of a sandbox, as its workload has them, and what lies in them. */
async function bindsOf(parts: DockerSocketParts, record: SandboxRecord): Promise<GuardBinds> {
  const { id, request } = record;
  const mounts = await parts.files.notedBinds(id);
  const roots = [request.workspace, ...request.extra.map((one) => one.path)];
  return workspaceBinds({
    roots: roots.map((root) => ({ root, mounts: mounts.filter(({ target }) => isWithin(target, root)) })),
    parts: {
      async prepare(container, wanted) {
        const directory = parts.files.partsDirectory(id, container);
        const prepared = await parts.workspace.prepareParts({
          id: container,
          directory,
          sandbox: await parts.workspaceOf(record),
          parts: wanted.map(({ source, target, readonly }) => ({ path: source, target, readonly })),
          isVerified: false,
        });
        return prepared.mounts.filter((mount) => mount.kind === "bind");
      },
      release: (container) => releaseParts(parts, id, container),
    },
  });
}

async function releaseParts({ workspace, files }: DockerSocketParts, id: SandboxId, container: ContainerPodId): Promise<void> {
  const directory = files.partsDirectory(id, container);
  await workspace.releaseParts({ id: container, directory });
  await rm(directory, { recursive: true, force: true });
}

function labelled({ owner }: DockerSocketParts, id: SandboxId, ...more: readonly string[]): readonly string[] {
  return [`${LABELS.owner}=${owner}`, `${LABELS.sandbox}=${id}`, ...more];
}

/** Containers first, then the gates in whose networks they live. */
async function stopChildren(parts: DockerSocketParts, id: SandboxId): Promise<void> {
  const engine = await parts.engine();
  const stopAll = async (role: string, seconds: number): Promise<void> => {
    const views = await engine.list(labelled(parts, id, `${LABELS.role}=${role}`));
    await Promise.all(views.filter(({ state }) => state === "running").map((view) => engine.stop(view.id, seconds)));
  };
  await stopAll("child", GRACE_S);
  await stopAll("child-gate", 0);
}

/** What is left when the containers are gone. */
async function removeKept(parts: DockerSocketParts, id: SandboxId): Promise<void> {
  for (const container of await parts.files.withParts(id)) await releaseParts(parts, id, container);
  const engine = await parts.engine();
  await removeSandboxImages({ engine: await connectGuardEngine(await engineSocket(parts)), sandbox: id, key: await parts.files.key(id), onFault: parts.onFault });
  for (const role of ["child-volume", "child-network", "child-image", "child-image-name", "child-places"])
    for (const { name } of await engine.listVolumes(labelled(parts, id, `${LABELS.role}=${role}`))) await engine.removeVolume(name);
}
