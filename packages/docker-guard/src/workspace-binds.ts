import type { BindMount, GuardBinds } from "./ports.ts";

/** The workspace as the daemon prepared it for the agent's own container. */
export interface WorkspaceBinds {
  /** As the agent names it. */
  readonly root: string;
  /** Its mounts in order, the root first, then what is protected or hidden below it. Targets are the agent's. */
  readonly mounts: readonly BindMount[];
}

/**
 * Let children bind the workspace as a whole, with everything that is protected in the agent's own view of it.
 *
 * A path below it is not bound: the engine follows links in a source, on the host, at every start, and the agent can
 * put a link there meanwhile.
 */
export function workspaceBinds({ root, mounts }: WorkspaceBinds): GuardBinds {
  return {
    allowed: `only the workspace as a whole can be mounted (${root}); mount it and use the path inside`,
    mountsFor: ({ source, target, readonly }) => {
      const path = source.replace(/(?<=.)\/+$/, "");
      if (path !== root) return Promise.resolve(undefined);
      return Promise.resolve(mounts.map((mount) => ({ source: mount.source, target: `${target}${mount.target.slice(root.length)}`, readonly: readonly || mount.readonly })));
    },
  };
}
