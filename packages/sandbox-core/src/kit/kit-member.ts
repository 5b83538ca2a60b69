import type { Kit } from "./kit.ts";

/** One of the Kits that make a sandbox together. */
export interface KitMember {
  /** What a person named it by: it decides ties of the order and stands in messages. */
  readonly reference: string;
  readonly name: string;
  readonly directory: string;
  /** With its arguments filled in. */
  readonly kit: Kit;
  /** The same with the sandbox's variables filled in too. @throws AppError `KIT_INVALID` for one that is not set */
  readonly withEnv: (env: Readonly<Record<string, string>>) => Kit;
  /** Text of the recipe, unless there is none. */
  readonly dockerfile: string | undefined;
  /** Texts of the files that its descriptor names, by their paths in it. */
  readonly contents: ReadonlyMap<string, string>;
}
