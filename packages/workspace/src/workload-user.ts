import type { IdSwap } from "./id-map.ts";
import { invalid } from "./invalid.ts";

/** Ids of a workload whose workspace belongs to root. */
const ORDINARY_ID = 1000;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who the workload is: the workspace's owner when the daemon is root, the daemon's own user otherwise, because an agent
 * never gets more than the person who runs it. Never uid 0 and never gid 0.
 */
export function workloadUser(owner: Owner, daemon: Owner): Owner {
  const wanted = daemon.uid === 0 ? owner : daemon;
  return { uid: wanted.uid === 0 ? ORDINARY_ID : wanted.uid, gid: wanted.gid === 0 ? ORDINARY_ID : wanted.gid };
}

/**
 * Which ids change places so that the workload owns what `owner` owns on the disk; `undefined` when none must.
 *
 * @throws AppError `WORKSPACE_INVALID` when they must and this daemon is not root
 */
export function swapFor(owner: Owner, { user, daemon, path }: { readonly user: Owner; readonly daemon: Owner; readonly path: string }): IdSwap | undefined {
  if (owner.uid === user.uid && (owner.gid === user.gid || daemon.uid !== 0)) return undefined;
  if (daemon.uid !== 0) {
    if (owner.uid !== 0) return undefined; // Another person's: the agent may do there what this one may.
    throw invalid(`The workspace "${path}" belongs to root, and sbx runs as uid ${daemon.uid}`, `Make it yours: sudo chown -R ${daemon.uid}:${daemon.gid} '${path}'`, { path });
  }
  return { uid: [owner.uid, user.uid], gid: [owner.gid, user.gid] };
}
