import { createHash } from "node:crypto";
import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { ContextFile } from "../kit/profile-contexts.ts";
import type { AgentProfile } from "../kit/profile.ts";
import type { Engine, Mount } from "../ports/engine.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

type Directories = Pick<CreateSandbox, "workspace" | "extra">;

/** Those that can be mounted. In a directory of the person's the engine would make a file to mount over: there is none of ours to be left in it. */
function placeableContexts(contexts: readonly ContextFile[], directories: Directories): readonly ContextFile[] {
  return contexts.filter(({ path }) => !isInside(path, directories));
}

/** One line for each of the others, for what is left out of a sandbox. */
export function skippedContexts(contexts: readonly ContextFile[], directories: Directories): readonly string[] {
  return contexts.filter(({ path }) => isInside(path, directories)).map(({ path }) => `com.docker.sandbox/agent-context@1: ${path} lies in a directory of yours, in which nothing is put`);
}

function isInside(path: string, { workspace, extra }: Directories): boolean {
  return [workspace, ...extra.map((one) => one.path)].some((one) => isWithin(path, one));
}

/** Where Kits put something into a workload: volumes, and texts outside of the home. */
export function kitPlaces({ request, volumes = [] }: SandboxRecord, profile: Pick<AgentProfile, "contexts">): readonly string[] {
  return [...volumes, ...placeableContexts(profile.contexts(request.workspace), request)].map(({ path }) => path);
}

/** Write the texts where the daemon keeps what is a sandbox's, and tell how they are mounted. What the image has at such a path stays, before ours. */
export async function contextMounts(
  { files }: Pick<SandboxParts, "files">,
  engine: Engine,
  { record, contexts }: { readonly record: SandboxRecord; readonly contexts: readonly ContextFile[] },
): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const { path, content, alone } of placeableContexts(contexts, record.request)) {
    const own = await textOf(engine, record.image, path);
    if (alone === true && own !== undefined) continue;
    const whole = own === undefined || own === "" ? content : `${own.trimEnd()}\n\n${content}`;
    // Its name tells what is in it: another text needs another container.
    const name = `context-${createHash("sha256").update(`${path}\n${whole}`).digest("hex").slice(0, 24)}`;
    mounts.push({ kind: "bind", source: await files.write(record.id, name, whole), target: path, readonly: true });
  }
  return mounts;
}

/** Text of a file of an image; `undefined` where there is none. */
export async function textOf(engine: Engine, image: string, path: string): Promise<string | undefined> {
  try {
    return (await engine.readFile(image, path)).toString("utf8");
  } catch (error) {
    // Mostly: there is no such file. What else is there is not hidden by a failed read, which mounting would tell.
    if (AppError.is(error) && error.code === "ENGINE_FAILED") return undefined;
    throw error;
  }
}
