import { lstatSync } from "node:fs";
import { startEngineWith, type OwnEngine } from "@sbx/testing";
import { docker, Lab } from "./lab.ts";

const SOCKET = "/var/run/docker.sock";

/** Why images cannot be brought from the machine's own engine; `undefined` when they can. */
export function whyNoImages(): string | undefined {
  return lstatSync(SOCKET, { throwIfNoEntry: false })?.isSocket() === true ? undefined : "this machine has no Docker to make the images";
}

/** Start a Docker engine of one's own that has the images that a sandbox of the shell needs; with `docker` also one with a Docker API. */
export async function startEngineWithImages({ docker: hasDocker = false, ...options }: NonNullable<Parameters<typeof startEngineWith>[2]> & { readonly docker?: boolean } = {}): Promise<OwnEngine> {
  return await startEngineWith(SOCKET, await makeImages(hasDocker), options);
}

/** Bring the images that a sandbox of the shell needs to another engine. */
export async function bringImages(own: OwnEngine): Promise<void> {
  await own.load(SOCKET, await makeImages());
}

/** Have the images made by the machine's own engine; their names. */
async function makeImages(hasDocker = false): Promise<readonly string[]> {
  const host = `unix://${SOCKET}`;
  await using lab = new Lab({ DOCKER_HOST: host });
  const made = await lab.begin(["run", "-q", ...(hasDocker ? ["--mount-docker-socket"] : []), "shell", "--", "true"], { cwd: lab.workspace() }).done;
  if (made.code !== 0) throw new Error(made.err);
  const names = await docker("--host", host, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
  return names.split("\n").filter((name) => /^sbx\/(?:gate|base|agent-shell(?:-docker)?):/.test(name));
}
