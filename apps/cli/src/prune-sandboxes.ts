import type { Client, Sandbox } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "./clean-text.ts";
import type { PruneFilter } from "./commands/prune.ts";
import { confirm } from "./confirm.ts";
import type { Context } from "./context.ts";
import { renderError } from "./render-error.ts";
import { show } from "./show.ts";

export interface PruneOptions {
  readonly filters: readonly PruneFilter[];
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

/** `sbx prune`: remove what is stopped and passes every filter, after a question. Gives whether all of it went. */
export async function pruneSandboxes(context: Context, { filters, dryRun, force, json }: PruneOptions): Promise<boolean> {
  const { client } = await context.daemon.connect();
  const wanted = (await client.listSandboxes({})).filter((one) => one.state.phase === "stopped" && filters.every((filter) => passes(filter, one, new Date())));
  const names = wanted.map(({ name }) => name);
  const of = imagesWanted(filters);
  // Those that only the sandboxes to remove have are known when those are gone.
  const images = of === undefined ? [] : (await client.pruneImages({ ...of, dryRun: true })).images;
  if (dryRun || names.length + images.length === 0) {
    show(context.io, json, { result: dryRun ? [...names, ...images] : [], lines: (all) => (all.length === 0 ? ["There is nothing to remove."] : all) });
    return true;
  }
  if (!force) await confirm(context, { question: questionOf(names, images), unasked: "sbx prune --force" });
  const removed = await removeAll(context, client, names);
  const gone = of === undefined ? [] : (await client.pruneImages({ ...of, dryRun: false })).images;
  show(context.io, json, { result: [...removed, ...gone], lines: (all) => all });
  return removed.length === names.length;
}

function questionOf(names: readonly string[], images: readonly string[]): string {
  const sandboxes = names.length === 0 ? [] : [`${names.length === 1 ? "" : `${names.length} sandboxes: `}${names.map(cleanText).join(", ")}, with their homes`];
  return `Remove ${[...sandboxes, ...(images.length === 0 ? [] : [`${images.length} images that nothing needs`])].join("; and ")}?`;
}

/** Of the longest time that is named. A label is a sandbox's: with one, images are not meant. */
function imagesWanted(filters: readonly PruneFilter[]): { readonly olderThanMs?: number } | undefined {
  if (filters.some(({ kind }) => kind === "label")) return undefined;
  const times = filters.flatMap((filter) => (filter.kind === "until" ? [filter.ms] : []));
  return times.length === 0 ? {} : { olderThanMs: Math.max(...times) };
}

/** When a sandbox was made, or a session of it began or ended last. */
function usedLast({ createdAt, sessions }: Pick<Sandbox, "createdAt" | "sessions">): number {
  return Math.max(Date.parse(createdAt), ...sessions.map(({ startedAt, state }) => Date.parse(state.phase === "ended" ? state.at : startedAt)));
}

function passes(filter: PruneFilter, sandbox: Sandbox, now: Date): boolean {
  if (filter.kind === "until") return usedLast(sandbox) <= now.getTime() - filter.ms;
  return Object.hasOwn(sandbox.labels, filter.key) && (filter.value === undefined || sandbox.labels[filter.key] === filter.value);
}

/** One that began to be used meanwhile, or cannot be removed, does not keep the others. */
async function removeAll(context: Context, client: Client, names: readonly string[]): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const sandbox of names) {
    try {
      await client.removeSandbox({ sandbox });
      removed.push(sandbox);
    } catch (error) {
      if (!AppError.is(error)) throw error;
      await renderError(error, context);
    }
  }
  return removed;
}
