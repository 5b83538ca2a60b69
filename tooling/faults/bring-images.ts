import { lstatSync } from "node:fs";
import type { OwnEngine } from "@sbx/testing";
import { docker, Lab } from "./lab.ts";

const SOCKET = "/var/run/docker.sock";

/** Why images cannot be brought from the machine's own engine; `undefined` when they can. */
export function whyNoImages(): string | undefined {
  return lstatSync(SOCKET, { throwIfNoEntry: false })?.isSocket() === true ? undefined : "this machine has no Docker to make the images";
}

/** Have the images that a sandbox of the shell needs made by the machine's own engine, and bring them to another. */
export async function bringImages(own: OwnEngine): Promise<void> {
  const host = `unix://${SOCKET}`;
  await using lab = new Lab({ DOCKER_HOST: host });
  const made = await lab.run(lab.workspace(), "true");
  if (made.code !== 0) throw new Error(made.err);
  const names = await docker("--host", host, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
  await own.load(
    SOCKET,
    names.split("\n").filter((name) => /^sbx\/(?:gate|base|agent-shell):/.test(name)),
  );
}
