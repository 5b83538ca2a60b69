import { cleanPath } from "./declaration-keys.ts";
import { isCapability, type ReadCapability } from "./kit.ts";
import type { KitSelection } from "./merge-capabilities.ts";
import type { DeclaredPlace } from "./selection-record.ts";

/** A directory of the home in which the agent looks for skills. */
export interface SkillPlace {
  readonly path: string;
  /** Whether its Kit would take the person's skills writable. */
  readonly writable: boolean;
}

/** A skill that a Kit brings in its image. */
export interface KitSkill {
  readonly name: string;
  /** Where it lies in the image. */
  readonly path: string;
  /** How messages call the declaration: its Kit and place. */
  readonly declared: string;
  /** Whether a sandbox that cannot show it is not made. */
  readonly required: boolean;
  /** Where it is declared, by one Kit or several. */
  readonly places: readonly DeclaredPlace[];
}

/** Where an agent looks for skills, and which its Kits bring. */
export interface ProfileSkills {
  readonly places: readonly SkillPlace[];
  readonly own: readonly KitSkill[];
}

/** The name under which a skill of a Kit is seen. */
function skillName({ path, name }: { readonly path: string; readonly name?: string | undefined }): string {
  return name ?? path.slice(path.lastIndexOf("/") + 1);
}

/** What the merged Kits say of skills. One that any Kit requires is required. */
export function profileSkills(effective: readonly ReadCapability[], selections: readonly KitSelection[]): ProfileSkills {
  const declared = selections.flatMap(({ member, selected }) =>
    member.kit.declarations.flatMap(({ optional, members }) =>
      members.flatMap((one) => {
        if (!isCapability(one, "com.docker.sandbox/agent-skill@1") || !selected.some(({ path }) => path === one.path)) return [];
        return [{ name: skillName(one.config), text: `Kit "${member.name}": ${one.type} (${one.path})`, optional, place: one.source ?? { kit: member.reference, path: one.path } }];
      }),
    ),
  );
  const own = effective.flatMap((one): KitSkill[] => {
    if (!isCapability(one, "com.docker.sandbox/agent-skill@1")) return [];
    const name = skillName(one.config);
    const of = declared.filter((each) => each.name === name);
    const first = of.find(({ optional }) => !optional) ?? of[0];
    return [{ name, path: cleanPath(one.config.path), declared: first?.text ?? one.type, required: first?.optional === false, places: of.map(({ place }) => place) }];
  });
  const places = effective.flatMap((one) => (isCapability(one, "com.docker.sandbox/agent-skills@1") ? [{ path: cleanPath(one.config.path), writable: one.config.mode === "readwrite" }] : []));
  return { places, own };
}
