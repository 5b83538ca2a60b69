import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError, SecretName, type SecretView } from "@sbx/contracts";
import { MODEL_SERVICES, Secret, type ModelService } from "@sbx/secret-injector";
import { readIfThere } from "./read-if-there.ts";
import type { CommandSecrets } from "./secret-commands.ts";

export interface SecretStore {
  /** The person's own value first, then that of a command, then the environment that the daemon was started with. */
  find(name: string): Promise<Secret | undefined>;
  list(): Promise<readonly SecretView[]>;
  set(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Secrets in files of mode 0600, one each, in a directory of the daemon's. */
export function createSecretStore({
  directory,
  commands,
  environment,
}: {
  readonly directory: string;
  readonly commands: CommandSecrets;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): SecretStore {
  const fileOf = (name: string): string => path.join(directory, SecretName.parse(name));
  return {
    async find(name) {
      const stored = (await readIfThere(fileOf(name)))?.trim();
      if (stored !== undefined) return new Secret(stored);
      const asked = await commands.find(name);
      if (asked !== undefined) return asked;
      const inherited = fromEnvironment(name, environment);
      return inherited === undefined ? undefined : new Secret(inherited);
    },
    async list() {
      const files = await readdir(directory).catch((): string[] => []);
      const stored = await Promise.all(
        files.filter((name) => SecretName.safeParse(name).success).map(async (name) => ({ name, source: "file" as const, setAt: (await stat(fileOf(name))).mtime.toISOString() })),
      );
      const asked = (await commands.names()).filter((name) => !files.includes(name));
      const inherited = Object.values<ModelService>(MODEL_SERVICES)
        .map(({ secret }) => secret)
        .filter((name) => !files.includes(name) && !asked.includes(name) && fromEnvironment(name, environment) !== undefined);
      return [...stored, ...asked.map((name) => ({ name, source: "command" as const })), ...inherited.map((name) => ({ name, source: "environment" as const }))];
    },
    async set(name, value) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const fresh = `${fileOf(name)}.new`;
      await writeFile(fresh, value, { mode: 0o600, flush: true });
      await rename(fresh, fileOf(name));
    },
    async remove(name) {
      if ((await readIfThere(fileOf(name))) === undefined) throw new AppError("CONFIG_INVALID", { message: `There is no secret "${name}" in the store`, fix: "List the secrets with: sbx secret ls" });
      await rm(fileOf(name));
    },
  };
}

function fromEnvironment(name: string, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const service = Object.values<ModelService>(MODEL_SERVICES).find(({ secret }) => secret === name);
  return service?.environment.map((variable) => environment[variable]).find((text) => text !== undefined && text !== "");
}
