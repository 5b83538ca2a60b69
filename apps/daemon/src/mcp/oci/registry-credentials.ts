import { readFile } from "node:fs/promises";
import path from "node:path";
import { Secret } from "@sbx/secret-injector";
import * as z from "zod";

/** What a registry is shown of who asks: `Basic` credentials, or nothing, and then why. */
export type RegistryCredentials = { readonly kind: "basic"; readonly value: Secret } | { readonly kind: "anonymous"; readonly why: string };

const DockerConfig = z.looseObject({
  auths: z.record(z.string(), z.looseObject({ auth: z.string().optional() })).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});

/** Key under which Docker keeps the credentials of its own registry. */
const HUB_KEY = "https://index.docker.io/v1/";

/**
 * Credentials as `docker login` keeps them in `config.json`, where they stand there as they are. Credential helpers are
 * programs, and none is run for this.
 */
export async function registryCredentials(registry: string, dockerConfigDirectory: string): Promise<RegistryCredentials> {
  const file = path.join(dockerConfigDirectory, "config.json");
  const config = await readConfig(file);
  if (config === undefined) return { kind: "anonymous", why: `${file} is not there or cannot be read` };
  const key = registry === "registry-1.docker.io" ? HUB_KEY : registry;
  const auth = plainAuth(config, key);
  if (auth !== undefined) return { kind: "basic", value: new Secret(auth) };
  const helper = config.credHelpers?.[key] ?? config.credsStore;
  if (helper !== undefined) return { kind: "anonymous", why: `its credentials are with docker-credential-${helper.replaceAll(/[^\w-]/g, "")}, which is not asked` };
  return { kind: "anonymous", why: "nobody has logged in to it" };
}

function plainAuth({ auths = {} }: z.infer<typeof DockerConfig>, key: string): string | undefined {
  const auth = auths[key]?.auth ?? auths[`https://${key}`]?.auth ?? "";
  return /^[A-Za-z0-9+/]+=*$/.test(auth) ? auth : undefined;
}

async function readConfig(file: string): Promise<z.infer<typeof DockerConfig> | undefined> {
  try {
    return DockerConfig.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** The header that shows credentials; the one place where they are taken out. */
export function authorizationOf(credentials: RegistryCredentials): string | undefined {
  return credentials.kind === "basic" ? `Basic ${credentials.value.reveal()}` : undefined;
}
