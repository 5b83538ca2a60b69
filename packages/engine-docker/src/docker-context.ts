import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "./endpoint.ts";

/** Where the docker CLI's chosen context points. */
export interface DockerContext {
  readonly name: string;
  readonly address: string;
}

/**
 * The context that the docker CLI would use: DOCKER_CONTEXT, else `currentContext` of its configuration.
 *
 * @returns `undefined` when none is chosen, or the default one.
 * @throws Error with the reason when one is chosen that cannot be read.
 */
export async function readDockerContext(environment: Environment, home: string): Promise<DockerContext | undefined> {
  const folder = environment["DOCKER_CONFIG"] || join(home, ".docker");
  const name = environment["DOCKER_CONTEXT"] || (await currentContext(folder));
  if (name === undefined || name === "default") return undefined;
  const file = join(folder, "contexts", "meta", createHash("sha256").update(name).digest("hex"), "meta.json");
  const address = hostIn(await readJson(file));
  if (address === undefined) throw new Error(`docker context "${name}" names no address`);
  return { name, address };
}

async function currentContext(folder: string): Promise<string | undefined> {
  const config = await readJson(join(folder, "config.json")).catch(() => undefined);
  const name = property(config, "currentContext");
  return typeof name === "string" && name !== "" ? name : undefined;
}

function hostIn(meta: unknown): string | undefined {
  const host = property(property(property(meta, "Endpoints"), "docker"), "Host");
  return typeof host === "string" && host !== "" ? host : undefined;
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, "utf8"));
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
