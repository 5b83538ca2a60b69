import { AppError, type ContainerPodId } from "@sbx/contracts";
import { isWithin } from "@sbx/core";
import type { BindMount, GuardBinds } from "./ports.ts";

/** A directory of the workspace as the daemon prepared it for the agent's own container. */
export interface BoundRoot {
  /** As the agent names it. */
  readonly root: string;
  /** Its mounts in order, the root first, then what is protected or hidden below it. Targets are the agent's. */
  readonly mounts: readonly BindMount[];
}

/** The workspace, and what makes mounts of paths below its directories. */
export interface WorkspaceBinds {
  readonly roots: readonly BoundRoot[];
  readonly parts: {
    /** As {@link GuardBinds.mount}, of paths below the roots. */
    prepare(child: ContainerPodId, parts: readonly BindMount[]): Promise<readonly BindMount[]>;
    release(child: ContainerPodId): Promise<void>;
  };
}

/**
 * Let children bind the directories of a workspace, and files and directories below them, with everything that is
 * protected in the agent's own view of it.
 *
 * A path below one is never given to the engine as it is: the engine follows links in a source, on the host, at every
 * start, and the agent can put a link there meanwhile.
 */
export function workspaceBinds({ roots, parts }: WorkspaceBinds): GuardBinds {
  const rootOf = ({ source }: BindMount): BoundRoot => {
    const found = roots.filter(({ root }) => isWithin(source, root)).toSorted((one, other) => other.root.length - one.root.length)[0];
    if (found !== undefined) return found;
    throw new AppError("WORKSPACE_INVALID", {
      message: `"${source}" is not in the workspace`,
      fix: `Name ${roots.map(({ root }) => root).join(" or ")}, or a path in it.`,
      details: { path: source },
    });
  };
  return {
    async mount(child, binds) {
      const wanted = binds.map((bind) => ({ ...bind, source: bind.source.replace(/(?<=.)\/+$/, "") })).map((bind) => ({ bind, root: rootOf(bind) }));
      const whole = wanted.filter(({ bind, root }) => bind.source === root.root);
      const below = wanted.filter(({ bind, root }) => bind.source !== root.root).map(({ bind }) => bind);
      return [...whole.flatMap(({ bind, root }) => mountsOf(root, bind)), ...(below.length === 0 ? [] : await parts.prepare(child, below))];
    },
    release: (child) => parts.release(child),
  };
}

function mountsOf({ root, mounts }: BoundRoot, { target, readonly }: BindMount): readonly BindMount[] {
  return mounts.map((mount) => ({ source: mount.source, target: `${target}${mount.target.slice(root.length)}`, readonly: readonly || mount.readonly }));
}
