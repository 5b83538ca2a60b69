import { chmod } from "node:fs/promises";
import type { SandboxRecord } from "@sbx/core";
import { ContainerPods, isWithin, LABELS } from "@sbx/core";
import { connectGuardEngine, newPlace, startDockerGuard, workspaceBinds, type GuardBinds } from "@sbx/docker-guard";
import { releaseParts, type DockerSocketParts, type OpenApi } from "./docker-socket-parts.ts";
import { guardLimits } from "./guard-limits.ts";
import { recordGuard } from "./record-guard.ts";

/** Paths of the socket that the agent has, and of the engine's own. */
export interface GuardPlaces {
  readonly socket: string;
  readonly engineSocket: string;
}

/** Open the Docker API of one sandbox on its socket. Disposing ends it and leaves what runs. */
export async function openGuard(parts: DockerSocketParts, record: SandboxRecord, { socket, engineSocket }: GuardPlaces): Promise<OpenApi> {
  const { id } = record;
  await using opened = new AsyncDisposableStack();
  const pods = opened.use(new ContainerPods({ ...parts, sandbox: id, files: parts.containerFiles(id), ...(parts.keepReady ? { newPlace } : {}) }));
  const { limits, dockerPolicy = { version: 1 } } = record.request;
  const { unusedMs } = opened.use(
    await startDockerGuard({
      sandbox: id,
      socket,
      engine: await connectGuardEngine(engineSocket),
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

/** The workspace and the further directories of a sandbox, as its workload has them, and what lies in them. */
async function bindsOf(parts: DockerSocketParts, record: SandboxRecord): Promise<GuardBinds> {
  const { id, request } = record;
  const mounts = await parts.files.notedBinds(id);
  const roots = [request.workspace, ...request.extra.map((one) => one.path)];
  return workspaceBinds({
    roots: roots.map((root) => ({ root, mounts: mounts.filter(({ target }) => isWithin(target, root)) })),
    empty: await parts.files.emptyDirectory(id),
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
