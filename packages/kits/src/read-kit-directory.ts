import { lstat, readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { kitFiles, parseKit, type KitMember } from "@sbx/core";

/** A recipe or descriptor larger than this is no text that somebody wrote. */
const MAX_BYTES = 512 * 1024;

/** Which Kit is read: what it is called, how it was named, and values for its arguments. */
interface KitRequest {
  readonly name: string;
  readonly reference: string;
  readonly args?: Readonly<Record<string, string>>;
}

/**
 * Read the Kit in a directory: `kit.yaml`, or `<directory>.yaml`, or the only `.yaml`; its recipe is beside it with the
 * ending `.dockerfile`, under `dockerfile`, or inside. No link is followed: what a Kit says lies in its directory.
 *
 * @throws AppError `KIT_INVALID`
 */
export async function readKitDirectory(directory: string, { name, reference, args = {} }: KitRequest): Promise<KitMember> {
  const file = await descriptorName(directory);
  const text = await readInside(directory, file);
  if (text === undefined) throw invalid(`${path.join(directory, file)} is not there or no ordinary file`, directory);
  const parse = (env?: Readonly<Record<string, string>>): ReturnType<typeof parseKit> => parseKit(text, { file: path.join(directory, file), args, ...(env === undefined ? {} : { env }) });
  const kit = parse();
  const { dockerfile, contents: named } = kitFiles(kit, file);
  const read = await Promise.all(named.map(async (inner) => [inner, await readInside(directory, inner)] as const));
  const recipe = dockerfile === undefined ? undefined : await readInside(directory, dockerfile);
  if (recipe === undefined && kit.descriptor.dockerfile !== undefined) throw invalid(`${kit.descriptor.dockerfile}, which ${file} names, is not there or no ordinary file`, directory);
  const contents = new Map(read.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return { reference, name, directory, kit, withEnv: parse, dockerfile: recipe, contents };
}

async function descriptorName(directory: string): Promise<string> {
  const names = (await list(directory)).filter((name) => name.endsWith(".yaml"));
  const wanted = ["kit.yaml", `${path.basename(directory)}.yaml`].find((name) => names.includes(name));
  const [only, ...more] = names;
  if (wanted !== undefined) return wanted;
  if (only !== undefined && more.length === 0) return only;
  throw invalid(names.length === 0 ? `${directory} has no kit.yaml` : `${directory} has several descriptors (${names.join(", ")}) and none is called kit.yaml`, directory);
}

async function list(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    throw new AppError("KIT_INVALID", { message: `The directory ${directory} cannot be read`, fix: "Name a directory with a kit.yaml in it.", cause: error });
  }
}

/** Text of a file inside the directory; `undefined` when it is not there. */
async function readInside(directory: string, inner: string): Promise<string | undefined> {
  const relative = path.normalize(inner);
  if (path.isAbsolute(relative) || relative.split(path.sep).includes("..")) throw invalid(`"${inner}" leads out of ${directory}`, directory);
  let at = directory;
  for (const part of relative.split(path.sep)) {
    at = path.join(at, part);
    const stat = await lstat(at).catch(() => undefined);
    if (stat === undefined) return undefined;
    if (stat.isSymbolicLink()) throw invalid(`${at} is a link, which a Kit may not have there`, directory);
    if (stat.size > MAX_BYTES && stat.isFile()) throw invalid(`${at} is larger than 512 KiB`, directory);
  }
  return (await lstat(at)).isFile() ? readFile(at, "utf8") : undefined;
}

function invalid(message: string, directory: string): AppError {
  return new AppError("KIT_INVALID", { message, fix: "A Kit is a directory with an ordinary kit.yaml and, beside it, a kit.dockerfile.", details: { directory } });
}
