import { mkdir } from "node:fs/promises";
import { hasControlCharacter, isPlainRelative, isWithin, type PartsRequest, type PreparedParts, type WorkspacePart } from "@sbx/core";
import { hiddenPaths, pathsInside } from "./hidden-paths.ts";
import { invalid, unsafe } from "./invalid.ts";
import { readJournal, writeJournal, type Expected } from "./journal.ts";
import { openIn } from "./open-place.ts";
import { targetOf, type Base, type PlannedMount } from "./plan.ts";
import { openBases, planAll, type PrepareParts } from "./prepare-workspace.ts";
import { orderMounts, realiseMounts } from "./realise-mounts.ts";

/**
 * Make what the mounts of parts of a sandbox's workspace need. Each part is found without following a link, at this
 * moment, in a directory of the sandbox; what the sandbox's agent may not see or write, its servers and containers may not either.
 *
 * @throws AppError `WORKSPACE_INVALID`, `WORKSPACE_UNSAFE`, `PLATFORM_UNSUPPORTED`
 */
export async function prepareParts(parts: PrepareParts, request: PartsRequest): Promise<PreparedParts> {
  const { sandbox } = request;
  const wantedParts = apart(request.parts.map(plain));
  await mkdir(request.directory, { recursive: true, mode: 0o700 });
  await parts.held?.clear();
  using scope = new DisposableStack();
  const { bases, user } = openBases(parts, sandbox, scope);
  const roots = bases.map(({ path }) => path);
  const before = await readJournal(sandbox.directory);
  const hide = await hiddenPaths(sandbox, roots, before);
  const allow = await pathsInside(sandbox.allowWrite, { workspace: sandbox.workspace, bases: roots, option: "--allow-write" });
  const plans = await planAll({ bases, request: sandbox, hide, opened: (path) => allow.some((place) => isWithin(path, place)), before });
  const whole = orderMounts(plans.flatMap(({ mounts }) => mounts));
  const wanted = wantedParts.map((part) => ({ part, mounts: planPart(part, bases, whole) }));
  for (const missing of plans.flatMap(({ make }) => make))
    if (wanted.some(({ mounts: [itself] }) => itself !== undefined && !itself.readonly && isWithin(targetOf(missing), targetOf(itself)))) await parts.made.hold(request.id, missing);
  const realised = await realiseMounts({ planned: wanted.flatMap(({ mounts }) => mounts), directory: request.directory, held: parts.held, owner: user.outside, hide, isVerified: request.isVerified });
  const inside = (path: string): string | undefined => seenAt(wantedParts, path);
  const expected = realised.expected.flatMap((one): readonly Expected[] => {
    const path = inside(one.path);
    return path === undefined ? [] : [{ ...one, path }];
  });
  await writeJournal(request.directory, { version: 1, workspace: sandbox.workspace, user: user.inside, expected, hidden: [], gitLinks: {} });
  return { mounts: realised.mounts.map((mount) => ({ ...mount, target: inside(mount.target) ?? mount.target })), user: user.inside, checkpoints: expected.map(({ path }) => path) };
}

/** A part whose path says where it is without leading up, so that it can be compared. */
function plain(part: WorkspacePart): WorkspacePart {
  const path = part.path.replace(/\/+$/u, "");
  if (part.path.startsWith("/") && isPlainRelative(path.slice(1)) && !hasControlCharacter(path)) return { ...part, path };
  throw invalid(`${JSON.stringify(part.path)} is no plain absolute path`, "Name a path without . and .. in it.");
}

/** Where a part shows a path of the host. */
function seenAt(parts: readonly WorkspacePart[], path: string): string | undefined {
  const part = parts.find((one) => isWithin(path, one.path));
  return part === undefined ? undefined : part.target + path.slice(part.path.length);
}

/** No two parts overlap: what is protected in one of them would have to be in both. The same path twice is one. */
function apart(parts: readonly WorkspacePart[]): readonly WorkspacePart[] {
  return parts.filter((part, index) => {
    const other = parts.find((one, at) => at !== index && isWithin(part.path, one.path) && (one.path !== part.path || at < index));
    if (other === undefined) return true;
    // What a wider part shows at the same place, just as writable, needs no mount of its own.
    if (part.target === seenAt([other], part.path) && part.readonly === other.readonly) return false;
    throw invalid(`"${part.path}" is asked for twice, once in "${other.path}"`, "Ask for one of the two.", { path: part.path });
  });
}

/** The part itself, then what of the sandbox's own mounts lies in it. */
function planPart(part: WorkspacePart, bases: readonly Base[], whole: readonly PlannedMount[]): readonly PlannedMount[] {
  const base = bases.filter(({ path }) => isWithin(part.path, path)).toSorted((one, other) => other.path.length - one.path.length)[0];
  if (base === undefined) throw invalid(`"${part.path}" is not in the workspace of the sandbox`, "Name a path in the workspace.", { path: part.path });
  const path = part.path.slice(base.path.length).replace(/^\//, "");
  const opened = openIn(base.place, path);
  if (opened === "missing") throw invalid(`"${part.path}" is not there`, "Name a file or directory that exists.", { path: part.path });
  if (opened === "through-link") throw unsafe(`"${part.path}" lies behind a symbolic link`, "Name the path itself, not a link to it.", { path: part.path });
  using place = opened;
  if (place.kind !== "directory" && place.kind !== "file")
    throw unsafe(`"${part.path}" is a ${place.kind === "link" ? "symbolic link" : "socket, pipe or device"}`, "Name a file or directory.", { path: part.path });
  const above = whole.filter((mount) => mount.purpose !== "base" && mount.purpose !== "chain" && isWithin(part.path, targetOf(mount)));
  if (above.some(({ purpose }) => purpose === "hidden" || purpose === "masked"))
    throw invalid(`"${part.path}" is hidden in the sandbox`, "Name another path, or do not hide this one.", { path: part.path });
  const readonly = part.readonly || base.readonly || above.some((mount) => mount.readonly);
  const within = whole.filter((mount) => mount.purpose !== "base" && mount.base.path === base.path && targetOf(mount) !== part.path && isWithin(targetOf(mount), part.path));
  return [{ base, path, content: "self", readonly, purpose: "part" }, ...(readonly ? within.filter(({ purpose }) => purpose === "hidden" || purpose === "masked") : within)];
}
