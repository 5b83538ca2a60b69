import { cleanPath } from "./declaration-keys.ts";
import { isCapability, type ReadCapability } from "./kit.ts";
import { isWithin } from "../workspace/protected-paths.ts";

/** What the file beside a workspace is called when no workload says. */
const BESIDE = "AGENTS.md";

/** A text for agents that lies outside of the home, read-only. */
export interface ContextFile {
  /** Absolute and clean. */
  readonly path: string;
  readonly content: string;
}

/** The texts for agents that Kits have outside of the home: at the directories that they name, and beside the workspace. One file of several Kits has all their texts. */
export function profileContexts(selected: readonly ReadCapability[], { home, workspace }: { readonly home: string; readonly workspace: string }): readonly ContextFile[] {
  const contexts = selected.flatMap((one) => (isCapability(one, "com.docker.sandbox/agent-context@1") ? [one.config] : []));
  const beside = contexts.find(({ directory, filename }) => directory === undefined && filename !== undefined)?.filename ?? BESIDE;
  const files = new Map<string, string>();
  for (const { directory, filename = "", content } of contexts) {
    const path = directory === undefined ? cleanPath(`${workspace}/../${beside}`) : cleanPath(`${directory}/${filename}`);
    if (content === undefined || (directory !== undefined && isWithin(path, home))) continue;
    const there = files.get(path);
    files.set(path, there === undefined ? content : `${there}\n\n${content}`);
  }
  return [...files].map(([path, content]) => ({ path, content }));
}
