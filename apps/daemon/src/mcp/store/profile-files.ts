import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { readProfile } from "@sbx/catalog";
import { AppError, ServerName, type ServerProfile } from "@sbx/contracts";
import { stringify } from "yaml";
import { DEFAULT_PROFILE } from "./enabled-set.ts";
import { createProfileSet } from "./profile-set.ts";
import type { Member, ServerSet } from "./server-set.ts";
import { YamlFile } from "./yaml-file.ts";

/** A directory with a file for each profile, in Docker's form. A file's name is the profile's id. */
export class ProfileFiles {
  readonly #directory: string;
  readonly #onBroken: (problem: AppError) => void;
  readonly #files = new Map<string, YamlFile<ServerProfile>>();

  constructor(directory: string, onBroken: (problem: AppError) => void) {
    this.#directory = directory;
    this.#onBroken = onBroken;
  }

  ids(): readonly string[] {
    const names = existsSync(this.#directory) ? readdirSync(this.#directory) : [];
    return names
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => name.slice(0, -".yaml".length))
      .filter((id) => isId(id))
      .toSorted();
  }

  has(id: string): boolean {
    return isId(id) && existsSync(this.#path(id));
  }

  /** @throws AppError `PROFILE_UNKNOWN` */
  set(id: string): ServerSet {
    if (!this.has(id)) throw new AppError("PROFILE_UNKNOWN", { message: `There is no profile "${id}"`, fix: "List the profiles with: sbx mcp profile ls" });
    return createProfileSet(this.#file(id));
  }

  /** Write a whole profile, in place of one that is there. */
  write({ id, name }: Pick<ServerProfile, "id" | "name">, members: readonly Member[]): void {
    const document = { version: 1, id, name, servers: members.map(({ written }) => written), secrets: { default: { provider: "docker-desktop-store" } } };
    this.#file(id).replace(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
  }

  remove(id: string): void {
    rmSync(this.#path(id), { force: true });
    this.#files.delete(id);
  }

  #file(id: string): YamlFile<ServerProfile> {
    const file = this.#path(id);
    const known = this.#files.get(id) ?? new YamlFile<ServerProfile>({ file, parse: (text) => profileOf(id, text, file), onBroken: this.#onBroken });
    this.#files.set(id, known);
    return known;
  }

  #path(id: string): string {
    if (!isId(id)) throw new AppError("CONFIG_INVALID", { message: `"${id}" cannot be a profile's id`, fix: 'Use letters, digits, dashes, underscores and dots; "default" is what is enabled.' });
    return path.join(this.#directory, `${id}.yaml`);
  }
}

function isId(id: string): boolean {
  return id !== DEFAULT_PROFILE && ServerName.safeParse(id).success;
}

/** The name of the file decides: a copied file that still has the id of its origin is the profile that it is called. */
function profileOf(id: string, text: string, file: string): ServerProfile {
  const { profile } = readProfile(text, { file });
  return { ...profile, id };
}
