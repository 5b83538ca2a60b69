import { isWithin } from "../workspace/protected-paths.ts";
import { agentTexts, type KitText } from "./kit-texts.ts";
import { whyNoVolumeAt } from "./volume-place.ts";

/** A text that lies outside of the home, read-only. */
export interface ContextFile {
  /** Absolute and clean. */
  readonly path: string;
  readonly content: string;
  /** Whether what the image has there is left as it is, rather than put before it. */
  readonly alone?: true;
}

/** Places that texts are put at or beside. */
export interface TextPlaces {
  readonly home: string;
  readonly workspace: string;
  /** Where the image begins, if it says so. */
  readonly workdir?: string | undefined;
}

/**
 * The texts for agents that Kits have outside of the home: at the directories that they name, and beside the workspace and where the image
 * begins. One file of several Kits has all their texts, and each file tells where those of all Kits lie by themselves.
 */
export function profileContexts(texts: readonly KitText[], { home, workspace, workdir }: TextPlaces): readonly ContextFile[] {
  const beside = agentTexts(texts, [workspace], (path) => !isWithin(path, home));
  const stated = agentTexts(
    texts.filter(({ directory }) => directory === undefined),
    workdir === undefined ? [] : [workdir],
    (path) => !isWithin(path, home) && !beside.has(path) && whyNoVolumeAt(path, home) === undefined,
  );
  const staged = Map.groupBy(texts, (text) => text.staged);
  return [
    ...[...beside, ...stated].map(([path, content]) => ({ path, content })),
    ...[...staged].map(([path, own]) => ({ path, content: [...new Set(own.map(({ content }) => content))].join("\n\n"), alone: true as const })),
  ];
}
