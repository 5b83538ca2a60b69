import type { Selection, SelectionEntry } from "@sbx/contracts";
import type { Declaration } from "./kit.ts";

/** Which capability of which Kit: what a person named it by, and the path in its descriptor. */
export interface DeclaredPlace {
  readonly kit: string;
  readonly path: string;
}

/** What was decided of a declaration, where `whys` says of each member why it is not provided. Places of a Kit that was put together of others are those that it states. */
export function selectionEntry({ path, name, source, members }: Declaration, { kit, whys }: { readonly kit: string; readonly whys: readonly (string | undefined)[] }): SelectionEntry {
  const placeOf = (declared: Declaration["source"], own: string): DeclaredPlace =>
    declared === undefined ? { kit, path: own } : { kit: declared.kit === "" ? kit : declared.kit, path: declared.path };
  const rejected = members.flatMap((member, index) => (whys[index] === undefined ? [] : [member.path]));
  return {
    path,
    ...(name === undefined || name === "" ? {} : { name }),
    source: placeOf(source, path),
    members: members.map((member) => member.path),
    memberSources: members.map((member) => placeOf(member.source, member.path)),
    ...(rejected.length === 0 ? {} : { rejected }),
    decisions: members.map((_, index) => decision(whys[index])),
  };
}

/** The record after a capability that was taken turned out not to be there when the sandbox started: what it stands in is left out as a whole. */
export function withRejected({ selected, skipped }: Selection, place: DeclaredPlace, message: string): Selection {
  const holds = ({ memberSources }: SelectionEntry): boolean => memberSources.some(({ kit, path }) => kit === place.kit && path === place.path);
  const left = selected.filter(holds).map((entry): SelectionEntry => {
    const at = entry.memberSources.findIndex(({ kit, path }) => kit === place.kit && path === place.path);
    return { ...entry, rejected: entry.members.slice(at, at + 1), decisions: entry.decisions.map((one, index) => (index === at ? decision(message) : one)) };
  });
  return { selected: selected.filter((entry) => !holds(entry)), skipped: [...skipped, ...left] };
}

function decision(why: string | undefined): SelectionEntry["decisions"][number] {
  return why === undefined ? { accepted: true } : { accepted: false, message: why };
}
