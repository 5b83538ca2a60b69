import { lstat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerEngine, ContainerSpec, ContainerState, ContainerView, EngineId } from "@sbx/core";
import type Docker from "dockerode";
import { containerBody } from "./container-body.ts";
import type { Dialect } from "./dialect.ts";
import { ask, askUnless, engineFailed } from "./docker-error.ts";
import { noteHeldTask } from "./held-task.ts";
import { isLink } from "./is-link.ts";
import { waitForEnd } from "./wait-for-end.ts";

/** How long a removal that is under way elsewhere may take. */
const REMOVAL_MS = 30_000;
const REMOVAL_POLL_MS = 50;

/** Containers of an engine. */
export function createContainers({ docker, dialect }: { readonly docker: Docker; readonly dialect: Dialect }): ContainerEngine {
  const inspect: ContainerEngine["inspect"] = async (id) => {
    const found = await askUnless([404], "look at a container", async () => docker.getContainer(checkId(id)).inspect());
    return found === undefined ? undefined : viewOf(found);
  };

  const remove: ContainerEngine["remove"] = async (id) => {
    await askUnless([404, 409], "remove a container", async () => {
      await docker.getContainer(checkId(id)).remove({ force: true, v: true });
    });
    for (let waited = 0; (await inspect(id)) !== undefined; waited += REMOVAL_POLL_MS) {
      if (waited >= REMOVAL_MS) throw engineFailed("remove a container", "it is still there", { container: id });
      await sleep(REMOVAL_POLL_MS);
    }
  };

  return {
    inspect,
    remove,
    // A request that is broken off may still be carried out: let it finish, then take back what it made.
    async create(spec, signal) {
      signal?.throwIfAborted();
      const body = await containerBody(spec, dialect);
      if (dialect.makesSources) await refuseMissing(spec);
      signal?.throwIfAborted();
      const { id } = await ask(`create the container ${spec.name}`, async () => docker.createContainer(body));
      if (signal?.aborted === true) await remove(id);
      signal?.throwIfAborted();
      return id;
    },
    async start(id, signal) {
      signal?.throwIfAborted();
      await askUnless([304], "start a container", async () => {
        await docker.getContainer(checkId(id)).start();
      }).catch((error: unknown) => {
        throw noteHeldTask(error);
      });
      signal?.throwIfAborted();
    },
    async stop(id, seconds) {
      await askUnless([304, 404], "stop a container", async () => {
        await docker.getContainer(checkId(id)).stop({ t: Math.max(0, Math.round(seconds)) });
      });
    },
    isLink: async (id, path) => isLink(docker.getContainer(checkId(id)), path),
    async awaitStop(id, signal) {
      signal.throwIfAborted();
      try {
        await askUnless([404], "wait for a container's end", async () => waitForEnd(docker, { id: checkId(id), signal }));
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    },
    async list(labels) {
      const found = await ask("list containers", async () => docker.listContainers({ all: true, filters: { label: [...labels] } }));
      const views = await Promise.all(found.map(async ({ Id }) => inspect(Id)));
      return views.filter((view) => view !== undefined);
    },
  };
}

/** @throws AppError `ENGINE_FAILED` when a bind's source is not there: nothing is to be made on the host in its place */
async function refuseMissing({ name, mounts }: ContainerSpec): Promise<void> {
  for (const mount of mounts) {
    if (mount.kind !== "bind") continue;
    await lstat(mount.source).catch(() => {
      throw engineFailed(`create the container ${name}`, `"${mount.source}" is not there`);
    });
  }
}

/**
 * Let an id or name of the engine's into a request path.
 *
 * @throws Error for anything that could change the path's meaning.
 */
export function checkId(id: EngineId): EngineId {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(id)) throw new Error(`"${id}" is not an id of the container engine`);
  return id;
}

function viewOf(found: Docker.ContainerInspectInfo): ContainerView {
  const state = stateOf(found.State.Status);
  return {
    id: found.Id,
    name: found.Name.replace(/^\//, ""),
    image: found.Image,
    labels: found.Config.Labels,
    state,
    ...(state === "exited" ? { exitCode: found.State.ExitCode } : {}),
    ...(state === "running" ? { pid: found.State.Pid } : {}),
    ...(state === "created" ? {} : { startedAt: found.State.StartedAt }),
  };
}

function stateOf(status: string): ContainerState {
  if (status === "created" || status === "configured" || status === "initialized") return "created";
  return status === "running" || status === "paused" || status === "restarting" ? "running" : "exited";
}
