import { isWithin } from "../workspace/protected-paths.ts";
import { cleanPath } from "./declaration-keys.ts";
import { agentText, type KitText } from "./kit-texts.ts";

/** What the file beside a workspace is called when no workload says. */
const BESIDE = "AGENTS.md";

/** A text that lies outside of the home, read-only. */
export interface ContextFile {
  /** Absolute and clean. */
  readonly path: string;
  readonly content: string;
  /** Whether what the image has there is left as it is, rather than put before it. */
  readonly alone?: true;
}

/**
 * The texts for agents that Kits have outside of the home: at the directories that they name, and beside the workspace. One file
 * of several Kits has all their texts, and each file tells where those of all Kits lie by themselves.
 */
export function profileContexts(texts: readonly KitText[], { home, workspace }: { readonly home: string; readonly workspace: string }): readonly ContextFile[] {
  const beside = texts.find(({ directory, filename }) => directory === undefined && filename !== undefined)?.filename ?? BESIDE;
  const pathOf = ({ directory, filename = "" }: KitText): string => cleanPath(directory === undefined ? `${workspace}/../${beside}` : `${directory}/${filename}`);
  const files = Map.groupBy(
    texts.filter((text) => text.directory === undefined || !isWithin(pathOf(text), home)),
    pathOf,
  );
  const staged = Map.groupBy(texts, (text) => text.staged);
  return [
    ...[...files].map(([path, own]) => ({ path, content: agentText(own, texts) })),
    ...[...staged].map(([path, own]) => ({ path, content: [...new Set(own.map(({ content }) => content))].join("\n\n"), alone: true as const })),
  ];
}
