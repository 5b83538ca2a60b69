import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

export interface WorkspacePackage {
  readonly name: string;
  /** Relative to the root, with `/`. */
  readonly folder: string;
  readonly isPrivate: boolean;
  /** Whether others import it: it has an `exports["."]`. */
  readonly isLibrary: boolean;
  readonly hasBuild: boolean;
}

/** Every package of the repository, in the order of its folder. */
export async function workspacePackages(root: string): Promise<readonly WorkspacePackage[]> {
  const folders = await Promise.all(["packages", "apps", "tooling"].map(async (parent) => (await readdir(path.join(root, parent))).map((name) => `${parent}/${name}`)));
  const found = await Promise.all(
    folders
      .flat()
      .toSorted()
      .map(async (folder) => await readPackage(root, folder)),
  );
  return found.filter((one) => one !== undefined);
}

async function readPackage(root: string, folder: string): Promise<WorkspacePackage | undefined> {
  const text = await readFile(path.join(root, folder, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const json: unknown = JSON.parse(text);
  const name = field(json, "name");
  if (typeof name !== "string") return undefined;
  return {
    name,
    folder,
    isPrivate: field(json, "private") === true,
    isLibrary: field(field(json, "exports"), ".") !== undefined,
    hasBuild: typeof field(field(json, "scripts"), "build") === "string",
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined;
}
