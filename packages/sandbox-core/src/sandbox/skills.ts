import { AppError } from "@sbx/contracts";
import type { KitSkill, ProfileSkills } from "../kit/profile-skills.ts";
import { withRejected } from "../kit/selection-record.ts";
import type { Mount } from "../ports/engine.ts";
import type { SharedSkills, SkillStore } from "../ports/skill-store.ts";
import { quote } from "./quote.ts";
import { needsHome, type SandboxRecord } from "./sandbox-record.ts";

/** Where the person's skills are mounted; in the home are links to them. */
const MOUNTED = "/.sbx/skills";

/** How a sandbox comes to its skills at one start. */
export interface SandboxSkills {
  readonly mounts: readonly Mount[];
  /** Runs as the sandbox's user. Its lines of output are for {@link settleSkills}. */
  readonly script: string;
  readonly own: readonly KitSkill[];
  /** Skills of Kits that are left out. */
  readonly skipped: readonly LeftOutSkill[];
}

/** A skill of a Kit that is left out of a sandbox: one line that says why, and the declarations that ask for it. */
export interface LeftOutSkill {
  readonly text: string;
  readonly places: KitSkill["places"];
}

/** The record of a sandbox without skills that turned out not to be there. */
export function withoutSkills(record: SandboxRecord, left: readonly LeftOutSkill[]): SandboxRecord {
  const skipped = [...new Set([...record.skipped, ...left.map(({ text }) => text)])];
  if (record.selection === undefined) return { ...record, skipped };
  const selection = left.flatMap(({ text, places }) => places.map((place) => ({ text, place }))).reduce((whole, { text, place }) => withRejected(whole, place, text), record.selection.selection);
  return { ...record, skipped, selection: { ...record.selection, selection } };
}

type Request = Pick<SandboxRecord, "ready" | "homeless"> & { readonly request: Pick<SandboxRecord["request"], "skills"> };

/**
 * Look what skills a sandbox is to see. The person's are shown read-only, unless both the person and the Kit say otherwise; a name
 * of theirs is never covered by a Kit's.
 *
 * @throws AppError `KIT_UNSUPPORTED` for a new sandbox one of whose Kits requires a skill that cannot be shown
 */
export async function openSkills(store: SkillStore, { request: { skills: mode = "readonly" }, ...record }: Request, { places, own }: ProfileSkills): Promise<SandboxSkills> {
  if (places.length === 0) return { mounts: [], script: "", own: [], skipped: [] };
  const shared = mode === "off" ? undefined : await store.read();
  const taken = (skill: KitSkill): boolean => needsHome(record) && shared?.names.includes(skill.name) === true;
  const skipped = own.filter(taken).map((skill) => leaveOut(skill, "there is one of this name among your own"));
  const shown = own.filter((skill) => !taken(skill));
  const kindOf = (writable: boolean): "readonly" | "readwrite" => (mode === "readwrite" && writable ? "readwrite" : "readonly");
  const kinds = shared === undefined ? [] : [...new Set(places.map(({ writable }) => kindOf(writable)))];
  return {
    mounts: kinds.map((kind) => ({ kind: "bind", source: shared?.directory ?? "", target: `${MOUNTED}/${kind}`, readonly: kind === "readonly" })),
    script: [FUNCTIONS, ...places.map(({ path, writable }) => placeScript({ path, from: `${MOUNTED}/${kindOf(writable)}`, shared, own: shown }))].join("\n"),
    own: shown,
    skipped,
  };
}

/**
 * Read what the script said: which skills of Kits are not there, or met another of their name.
 *
 * @returns those that are left out
 * @throws AppError `KIT_UNSUPPORTED` where one of them is required
 */
export function settleSkills({ own }: Pick<SandboxSkills, "own">, said: string): readonly LeftOutSkill[] {
  const lines = new Set(said.split("\n"));
  return own.flatMap((skill) => {
    if (lines.has(`missing ${skill.name}`)) return [leaveOut(skill, `the image has no directory ${skill.path}`)];
    return lines.has(`taken ${skill.name}`) ? [leaveOut(skill, "there is one of this name in the image")] : [];
  });
}

function leaveOut({ name, declared, required, places }: KitSkill, why: string): LeftOutSkill {
  const text = `${declared}: the skill "${name}" is not shown: ${why}`;
  if (required) throw new AppError("KIT_UNSUPPORTED", { message: text, fix: "Take another Kit, or mark it with optional: true. Yours are left out with: --skills off" });
  return { text, places };
}

/** `put` makes a link unless something else is there; `tidy` takes away those of an earlier start. */
const FUNCTIONS = String.raw`put() { if [ -e "$2" ] || [ -L "$2" ]; then [ "$(readlink "$2")" = "$1" ]; else mkdir -p "${"$"}{2%/*}" && ln -s "$1" "$2"; fi; }
tidy() { case "$(readlink "$1")" in ${MOUNTED}/*) rm -f "$1" ;; esac; }`;

interface PlaceWork {
  readonly path: string;
  readonly from: string;
  readonly shared: SharedSkills | undefined;
  readonly own: readonly KitSkill[];
}

/** The whole store where nothing else is, else each skill beside what is there. */
function placeScript({ path, from, shared, own }: PlaceWork): string {
  const place = quote(path);
  const single = (shared?.names ?? []).map((name) => `put ${quote(`${from}/${name}`)} ${quote(`${path}/${name}`)} || :`);
  const whole = shared === undefined || own.length > 0 ? single : [`put ${from} ${place} || {`, ...single, ":", "}"];
  return [
    `if [ -L ${place} ]; then tidy ${place}; elif [ -d ${place} ]; then for one in ${place}/*; do if [ -L "$one" ]; then tidy "$one"; fi; done; fi`,
    ...own.map(
      ({ name, path: from }) => `if [ ! -d ${quote(from)} ]; then echo ${quote(`missing ${name}`)}; elif ! put ${quote(from)} ${quote(`${path}/${name}`)}; then echo ${quote(`taken ${name}`)}; fi`,
    ),
    ...whole,
  ].join("\n");
}
