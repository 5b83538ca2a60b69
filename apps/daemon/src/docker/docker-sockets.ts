import path from "node:path";
import { AppError, type SandboxId } from "@sbx/contracts";
import { DOCKER_DIRECTORY, DOCKER_SOCKET, LABELS, TurnQueue, type DockerSockets, type SandboxRecord } from "@sbx/core";
import type { GuardEngine } from "@sbx/docker-guard";
import { releaseParts, type DockerSocketParts, type OpenApi } from "./docker-socket-parts.ts";
import { serveRawSocket } from "./raw-socket.ts";

/** How long containers may take to end when their sandbox stops. */
const GRACE_S = 3;

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
    open.set(record.id, record.request.docker === "raw" ? await openRaw(parts, record) : await openGuarded(parts, record));
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
      const { connectGuardEngine } = await import("@sbx/docker-guard");
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

/** The guard is loaded when a sandbox has a Docker API: most have none, and it is a large part of the daemon. */
async function openGuarded(parts: DockerSocketParts, record: SandboxRecord): Promise<OpenApi> {
  const { openGuard } = await import("./open-guard.ts");
  return openGuard(parts, record, { socket: await socketOf(parts, record.id), engineSocket: await engineSocket(parts) });
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
  const { connectGuardEngine, removeSandboxImages } = await import("@sbx/docker-guard");
  await removeSandboxImages({ engine: await connectGuardEngine(await engineSocket(parts)), sandbox: id, key: await parts.files.key(id), onFault: parts.onFault });
  for (const role of ["child-volume", "child-network", "child-image", "child-image-name", "child-places"])
    for (const { name } of await engine.listVolumes(labelled(parts, id, `${LABELS.role}=${role}`))) await engine.removeVolume(name);
}
