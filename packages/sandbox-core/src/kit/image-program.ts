import { listOf, readDockerfile } from "./read-dockerfile.ts";

/** The program that an image starts, as its Dockerfile states it. */
export interface ImageProgram {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** The directory that it begins in, where that is stated as one plain absolute path. */
  readonly workdir?: string;
}

/** The user that a Dockerfile's last stage states by name; `undefined` for a number, a group beside it, or none. @throws AppError `KIT_INVALID` as {@link imageProgram} does */
export function imageUser(agent: string, dockerfile: string): string | undefined {
  const user = lastStage(agent, dockerfile).findLast(({ name }) => name === "USER")?.rest ?? "";
  return /^[a-z_][a-z0-9_-]{0,30}$/.test(user) ? user : undefined;
}

const PLAIN_DIRECTORY = /^(?:\/[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]*)+$/;

/**
 * Read ENTRYPOINT, CMD and WORKDIR of a Dockerfile's last stage, in list or shell form. `undefined` when neither of the first two stands there:
 * they may come from the image it starts from, which is not looked into.
 *
 * @throws AppError `KIT_INVALID` where readers could disagree about the text
 */
export function imageProgram(agent: string, dockerfile: string): ImageProgram | undefined {
  const stage = lastStage(agent, dockerfile);
  const formNamed = (wanted: string): Form | undefined => {
    const found = stage.findLast(({ name }) => name === wanted);
    return found === undefined ? undefined : formOf(found.rest);
  };
  const entrypoint = formNamed("ENTRYPOINT");
  const cmd = formNamed("CMD");
  if (entrypoint === undefined && cmd === undefined) return undefined;
  // A shell takes the ENTRYPOINT's text alone: the builder drops what CMD says.
  const workdir = (stage.findLast(({ name }) => name === "WORKDIR")?.rest ?? "").replace(/^"(.*)"$/, "$1");
  return { entrypoint: entrypoint?.words ?? [], cmd: entrypoint?.shell === true ? [] : (cmd?.words ?? []), ...(PLAIN_DIRECTORY.test(workdir) ? { workdir } : {}) };
}

function lastStage(agent: string, dockerfile: string): ReturnType<typeof readDockerfile> {
  const all = readDockerfile(agent, dockerfile);
  return all.slice(all.findLastIndex(({ name }) => name === "FROM") + 1);
}

interface Form {
  readonly words: readonly string[];
  readonly shell: boolean;
}

function formOf(text: string): Form {
  const list = listOf(text);
  return list === undefined ? { words: text === "" ? [] : ["/bin/sh", "-c", text], shell: true } : { words: list, shell: false };
}
