import { cleanPath } from "./declaration-keys.ts";
import { isCapability } from "./kit.ts";
import type { KitSelection } from "./merge-capabilities.ts";

/** Where the format puts what a Kit brings for agents to read. */
const STAGED = "/usr/share/sandbox/kit";
const INLINE = "context.md";
/** Begins the list of all Kits' texts, and tells that a file has it already. */
export const INDEX_TITLE = "# Kits of this sandbox";

/** What a Kit says to agents. */
export interface KitText {
  readonly kit: string;
  /** The directory that it names for its text; absent: beside the workspace. */
  readonly directory?: string | undefined;
  readonly filename?: string | undefined;
  readonly content: string;
  /** Where the text lies by itself, whatever else is in the agent's file. */
  readonly staged: string;
}

/** What the file beside a workspace is called when no workload says. */
const BESIDE = "AGENTS.md";

/** Where a text is read: at the directory that its Kit names, or beside each of these directories. */
function textPaths({ directory, filename = "" }: KitText, all: readonly KitText[], directories: readonly string[]): readonly string[] {
  if (directory !== undefined) return [cleanPath(`${directory}/${filename}`)];
  const beside = all.find((text) => text.directory === undefined && text.filename !== undefined)?.filename ?? BESIDE;
  return [...new Set(directories.map((one) => cleanPath(`${one}/../${beside}`)))];
}

/** The texts of all Kits (agent-context@1), in their order. */
export function kitTexts(selections: readonly Pick<KitSelection, "member" | "selected">[]): readonly KitText[] {
  return selections.flatMap(({ member: { name }, selected }) =>
    selected.flatMap((one) => {
      if (!isCapability(one, "com.docker.sandbox/agent-context@1") || one.config.content === undefined) return [];
      const { directory, filename, content, contentFile = INLINE } = one.config;
      return [{ kit: name, directory, filename, content, staged: stagedPath(name, contentFile) }];
    }),
  );
}

function stagedPath(kit: string, file: string): string {
  const base = `${STAGED}/${kit.replaceAll(/[^A-Za-z0-9._-]/g, "-").replace(/^\.+/, "-")}`;
  const path = cleanPath(`${base}/${file}`);
  return path.startsWith(`${base}/`) ? path : `${base}/${INLINE}`;
}

/** The files that agents read, by their paths: each has the texts that are meant for it, and tells where those of all Kits lie. */
export function agentTexts(texts: readonly KitText[], directories: readonly string[], isWanted: (path: string) => boolean): ReadonlyMap<string, string> {
  const placed = texts.flatMap((text) => textPaths(text, texts, directories).flatMap((path) => (isWanted(path) ? [{ path, text }] : [])));
  return new Map(
    [...Map.groupBy(placed, ({ path }) => path)].map(([path, own]) => [
      path,
      agentText(
        own.map(({ text }) => text),
        texts,
      ),
    ]),
  );
}

function agentText(own: readonly KitText[], all: readonly KitText[]): string {
  const index = [...new Set(all.map(({ kit, staged }) => `- ${kit}: ${staged}`))];
  return [...own.map(({ content }) => content.trimEnd()), `${INDEX_TITLE}\n\nWhat each says to agents:\n\n${index.join("\n")}\n`].join("\n\n");
}
