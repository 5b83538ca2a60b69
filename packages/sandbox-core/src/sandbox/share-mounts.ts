import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { ProfileShare } from "../kit/profile-shares.ts";
import type { AgentProfile } from "../kit/profile.ts";
import type { ContainerSpec, EngineId, Mount } from "../ports/engine.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import { kitPlaces } from "./context-mounts.ts";
import { outsideOf, type IdView } from "./id-view.ts";
import { labelsOf } from "./labels.ts";
import type { HookWork } from "./open-hook-container.ts";
import { runToEnd } from "./prepare-home.ts";
import type { LiveSandbox, SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import { homeVolume, idsOf } from "./workload-container.ts";

/**
 * Open the directories that the Kits of a sandbox share, as its person allowed, and tell how they are mounted. From then on the
 * sandbox is known to have them.
 *
 * @throws AppError `KIT_UNSUPPORTED` where something else would be mounted in one
 */
export async function shareMounts(
  parts: Pick<SandboxParts, "shares" | "store">,
  { live, profile, ids }: { readonly live: LiveSandbox; readonly profile: Pick<AgentProfile, "shares" | "contexts">; readonly ids: IdView },
): Promise<readonly Mount[]> {
  const { shares } = profile;
  if (shares.length === 0) return [];
  refuseMountsWithin(shares, [...kitPlaces(live.record, profile), ...shares.map(({ path }) => path)]);
  const owner = outsideUser(live.record, ids);
  const opened = await Promise.all(shares.map(async ({ path, mode, directory: kit }) => ({ path, ...(await parts.shares.open({ kit, path, mode, owner })) })));
  live.record = { ...live.record, shares: opened.map(({ id }) => id) };
  parts.store.putSandbox(live.record);
  return opened.map(({ path, directory }) => ({ kind: "bind", source: directory, target: path, readonly: false }));
}

/** A sandbox's user as the host sees it. */
function outsideUser({ user }: SandboxRecord, ids: IdView): { readonly uid: number; readonly gid: number } {
  const inside = idsOf(user);
  const [uid, gid] = [outsideOf(ids.uid, inside.uid), outsideOf(ids.gid, inside.gid)];
  if (uid === undefined || gid === undefined) throw new Error(`"${user}" is nobody on the host`);
  return { uid, gid };
}

/** Other sandboxes of the Kit change what is in one while this one starts: a link there would lead a mount to another place. */
function refuseMountsWithin(shares: readonly ProfileShare[], places: readonly string[]): void {
  for (const { path } of shares) {
    const place = places.find((one) => one !== path && isWithin(one, path));
    if (place === undefined) continue;
    throw new AppError("KIT_UNSUPPORTED", {
      message: `The agent's Kits put something at ${place}, which lies in the directory ${path} that they share`,
      fix: "Take another Kit, or have it name a place outside of what it shares.",
    });
  }
}

/**
 * Refuse what a person allowed to be shared and no Kit asks for, and what would lie over a directory of the person's.
 *
 * @throws AppError `USAGE`, `KIT_UNSUPPORTED`
 */
export function refuseShares({ workspace, extra, share = [] }: Pick<CreateSandbox, "workspace" | "extra" | "share">, { shares }: Pick<AgentProfile, "shares">): void {
  const unasked = share.find((path) => shares.every((one) => one.path !== path));
  if (unasked !== undefined)
    throw new AppError("USAGE", { message: `No Kit asks for a shared directory at ${unasked}`, fix: "Leave --share out; a directory of yours is mounted with: --add-dir PATH" });
  for (const { path } of shares) {
    const place = [workspace, ...extra.map((one) => one.path)].find((one) => isWithin(path, one) || isWithin(one, path));
    if (place === undefined) continue;
    throw new AppError("KIT_UNSUPPORTED", {
      message: `The agent's Kits share a directory at ${path}, which would lie over your directory ${place}`,
      fix: "Work in a directory at another place, or take another Kit.",
    });
  }
}

/** Make the places in the home on which something is mounted, as the sandbox's user: the engine would make them as root. */
export async function makeHomePlaces(
  parts: Pick<SandboxParts, "owner">,
  { engine, live: { record }, gateImage, signal }: Pick<HookWork, "engine" | "live" | "gateImage" | "signal">,
  mounts: readonly Mount[],
): Promise<void> {
  const places = mounts.map(({ target }) => target).filter((target) => isWithin(target, record.homeDirectory));
  if (places.length === 0) return;
  await runToEnd(engine, homePlaces(record, gateImage, { places, labels: labelsOf(parts.owner, record.id, "home") }), signal);
}

function homePlaces(record: SandboxRecord, image: EngineId, { places, labels }: { readonly places: readonly string[]; readonly labels: Readonly<Record<string, string>> }): ContainerSpec {
  return {
    name: `sbx-home-${record.id.slice(4)}`,
    image,
    command: ["/bin/mkdir", "-p", "--", ...places.map((place) => `/home-volume${place.slice(record.homeDirectory.length)}`)],
    env: {},
    labels,
    user: record.user,
    workdir: "/",
    mounts: [{ kind: "volume", source: homeVolume(record), target: "/home-volume" }],
    network: { kind: "none", hostname: "home", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities: [],
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 16, memoryBytes: 64 << 20 },
  };
}
