import { AppError } from "@sbx/contracts";
import { insideOf, outsideOf, type IdRange, type IdView } from "@sbx/core";
import type { IdSwap } from "./id-map.ts";
import { invalid } from "./invalid.ts";

/** Ids of a workload whose workspace belongs to root. */
const ORDINARY_ID = 1000;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A workload's ids as it sees them, and as the host does. */
export interface WorkloadUser {
  readonly inside: Owner;
  readonly outside: Owner;
}

interface WantedUser {
  readonly daemon: Owner;
  readonly ids: IdView;
  readonly as?: Owner | undefined;
  readonly others: ReadonlySet<number>;
}

/**
 * Who the workload is, as the host sees it: the workspace's owner when the daemon is root, the daemon's own user
 * otherwise, because an agent never gets more than the person who runs it. Never uid 0 and never gid 0, on neither side.
 *
 * Where the engine's ids have none for that owner it is an ordinary one, and the workspace's ids must be swapped for it. So must they
 * where the workload is to be somebody else, `as`, which only a daemon that is root can arrange. It never becomes one of `others`, the
 * uids of this machine's accounts: such a one could enter the sandbox from outside, and be the owner of the workspace in there.
 *
 * @throws AppError `PLATFORM_UNSUPPORTED` when the engine's ids have no such user, and this daemon is not root
 */
export function workloadUser(owner: Owner, { daemon, ids, as, others }: WantedUser): WorkloadUser {
  const other = daemon.uid === 0 ? otherUser({ ids, as }) : undefined;
  if (other !== undefined && (other.outside.uid === owner.uid || !others.has(other.outside.uid))) return other;
  const wanted = daemon.uid === 0 ? owner : daemon;
  const [uid, gid] = [idFor(ids.uid, wanted.uid), idFor(ids.gid, wanted.gid)];
  if (daemon.uid !== 0 && uid?.outside !== daemon.uid) throw noUser(daemon, insideOf(ids.uid, daemon.uid));
  if (uid === undefined || gid === undefined) throw noUser(wanted, undefined);
  return { inside: { uid: uid.inside, gid: gid.inside }, outside: { uid: uid.outside, gid: gid.outside } };
}

/** The wanted user, unless it is root on one side or the engine's ids have none such. */
function otherUser({ ids, as }: Pick<WantedUser, "ids" | "as">): WorkloadUser | undefined {
  if (as === undefined) return undefined;
  const outside = { uid: outsideOf(ids.uid, as.uid), gid: outsideOf(ids.gid, as.gid) };
  return isOrdinary(as) && isOrdinary(outside) ? { inside: { uid: as.uid, gid: as.gid }, outside } : undefined;
}

function isOrdinary(ids: { readonly uid: number | undefined; readonly gid: number | undefined }): ids is Owner {
  return ids.uid !== undefined && ids.gid !== undefined && ids.uid > 0 && ids.gid > 0;
}

function idFor(ranges: readonly IdRange[], wanted: number): { readonly inside: number; readonly outside: number } | undefined {
  const inside = insideOf(ranges, wanted);
  if (wanted !== 0 && inside !== undefined && inside !== 0) return { inside, outside: wanted };
  const outside = outsideOf(ranges, ORDINARY_ID);
  return outside === undefined || outside === 0 ? undefined : { inside: ORDINARY_ID, outside };
}

function noUser({ uid }: Owner, inside: number | undefined): AppError {
  return new AppError("PLATFORM_UNSUPPORTED", {
    message: `The container engine gives its containers other ids, and ${inside === 0 ? `uid ${uid} of this machine is their root, which no agent is` : `none of them is uid ${uid} of this machine`}`,
    fix: "Point DOCKER_HOST at an engine that leaves ids as they are, or run sbx as root, whose daemon can map the workspace.",
  });
}

/**
 * Which ids change places so that the workload, `user` on the host, owns what `owner` owns on the disk; `undefined` when
 * none must.
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
