import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "./endpoint.ts";

/** Where the docker CLI's chosen context points. */
export interface DockerContext {
  readonly name: string;
  readonly address: string;
  /** Directory of its certificates, where it has some. */
  readonly certificates: string | undefined;
}

/** Directory of the docker CLI's configuration. */
export function configurationOf(environment: Environment, home: string): string {
  return environment["DOCKER_CONFIG"] || join(home, ".docker");
}

/**
 * The context that the docker CLI would use: DOCKER_CONTEXT, else `currentContext` of its configuration.
 *
 * @returns `undefined` when none is chosen, or the default one.
 * @throws Error with the reason when one is chosen that cannot be read.
 */
export async function readDockerContext(environment: Environment, home: string): Promise<DockerContext | undefined> {
  const folder = configurationOf(environment, home);
  const name = environment["DOCKER_CONTEXT"] || (await currentContext(folder));
  if (name === undefined || name === "default") return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const docker = property(property(await readJson(join(folder, "contexts", "meta", id, "meta.json")), "Endpoints"), "docker");
  const address = property(docker, "Host");
  if (typeof address !== "string" || address === "") throw new Error(`docker context "${name}" names no address`);
  if (property(docker, "SkipTLSVerify") === true) throw new Error(`docker context "${name}" does not verify who answers, which sbx does not do`);
  const certificates = join(folder, "contexts", "tls", id, "docker");
  return { name, address, certificates: (await isThere(certificates)) ? certificates : undefined };
}

async function currentContext(folder: string): Promise<string | undefined> {
  const config = await readJson(join(folder, "config.json")).catch(() => undefined);
  const name = property(config, "currentContext");
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** What cannot be looked at counts as there: reading it then says why. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, "utf8"));
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
