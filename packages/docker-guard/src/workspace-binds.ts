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
  /** A directory of the daemon's with nothing in it. */
  readonly empty: string;
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
export function workspaceBinds({ roots, empty, parts }: WorkspaceBinds): GuardBinds {
  const rootOf = ({ source }: BindMount): BoundRoot => {
    const found = roots.filter(({ root }) => isWithin(source, root)).toSorted((one, other) => other.root.length - one.root.length)[0];
    if (found !== undefined) return found;
    throw new AppError("WORKSPACE_INVALID", {
      message: `"${source}" is not in the workspace`,
      fix: `Name ${roots.map(({ root }) => root).join(" or ")}, or a path in it.`,
      details: { path: source },
    });
  };
  const isReplaceable = ({ source, target }: BindMount): boolean => roots.every(({ root }) => root !== target) && roots.some(({ root }) => isWithin(source, root));
  return {
    async mount(child, binds) {
      const wanted = binds.map((bind) => ({ ...bind, source: bind.source.replace(/(?<=.)\/+$/, "") })).map((bind) => ({ bind, root: rootOf(bind) }));
      const whole = wanted.filter(({ bind, root }) => bind.source === root.root);
      const below = wanted.filter(({ bind, root }) => bind.source !== root.root).map(({ bind }) => bind);
      const shown = whole.flatMap(({ bind, root }) => mountsOf({ ...root, mounts: withoutReplaceable(root.mounts, { isReplaceable, readonly: bind.readonly, empty }) }, bind));
      return [...shown, ...(below.length === 0 ? [] : await parts.prepare(child, below))];
    },
    release: (child) => parts.release(child),
  };
}

/**
 * Where the daemon may not mount, places below a root are mounted over themselves by their paths, so that their names cannot be
 * moved away. The agent's own container is compared before anything runs in it, a child is not: there such a place is empty, or,
 * where nothing can be moved anyway, part of the root.
 */
function withoutReplaceable(
  mounts: readonly BindMount[],
  { isReplaceable, readonly, empty }: { readonly isReplaceable: (mount: BindMount) => boolean; readonly readonly: boolean; readonly empty: string },
): readonly BindMount[] {
  if (readonly) return mounts.filter((mount) => !isReplaceable(mount));
  const replaced = mounts.filter(isReplaceable).map(({ target }) => target);
  return mounts
    .filter(({ target }) => !replaced.some((place) => place !== target && isWithin(target, place)))
    .map((mount) => (replaced.includes(mount.target) ? { source: empty, target: mount.target, readonly: true } : mount));
}

function mountsOf({ root, mounts }: BoundRoot, { target, readonly }: BindMount): readonly BindMount[] {
  return mounts.map((mount) => ({ ...mount, target: `${target}${mount.target.slice(root.length)}`, readonly: readonly || mount.readonly }));
}
