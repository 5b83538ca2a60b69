/** The program that an image starts, as its Dockerfile states it. */
export interface ImageProgram {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/**
 * Read ENTRYPOINT and CMD of a Dockerfile's last stage, in list or shell form. `undefined` when neither stands there:
 * they may come from the image it starts from, which is not looked into.
 */
export function imageProgram(dockerfile: string): ImageProgram | undefined {
  const all = [...instructions(dockerfile)];
  const stage = all.slice(all.findLastIndex(([name]) => name === "FROM") + 1);
  const formNamed = (wanted: string): Form | undefined => {
    const found = stage.findLast(([name]) => name === wanted);
    return found === undefined ? undefined : formOf(found[1]);
  };
  const entrypoint = formNamed("ENTRYPOINT");
  const cmd = formNamed("CMD");
  if (entrypoint === undefined && cmd === undefined) return undefined;
  // A shell takes the ENTRYPOINT's text alone: the builder drops what CMD says.
  return { entrypoint: entrypoint?.words ?? [], cmd: entrypoint?.shell === true ? [] : (cmd?.words ?? []) };
}

interface Form {
  readonly words: readonly string[];
  readonly shell: boolean;
}

function* instructions(dockerfile: string): Generator<readonly [string, string]> {
  let pending = "";
  for (const line of dockerfile.split(/\r?\n/u)) {
    if (/^\s*#/u.test(line)) continue;
    const continued = /\\\s*$/u.test(line);
    pending += continued ? line.replace(/\\\s*$/u, "") : line;
    if (continued) continue;
    const match = /^\s*([A-Za-z]+)\s+(.*)$/su.exec(pending);
    pending = "";
    if (match?.[1] !== undefined) yield [match[1].toUpperCase(), (match[2] ?? "").trim()];
  }
}

function formOf(text: string): Form {
  const list = listOf(text);
  return list === undefined ? { words: text === "" ? [] : ["/bin/sh", "-c", text], shell: true } : { words: list, shell: false };
}

function listOf(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}
