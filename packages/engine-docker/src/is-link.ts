import type { IncomingMessage } from "node:http";
import type Docker from "dockerode";
import * as z from "zod";
import { askUnless, engineFailed } from "./docker-error.ts";

/** The bit of a link in the numbers that the engine writes modes with (Go's `fs.FileMode`). */
const LINK = 0x8_00_00_00;
const DOING = "look at a path of a container";
const PathStat = z.object({ mode: z.int().min(0) });

/** Whether a path of a container is a link; its parents are followed inside the container. @throws AppError `ENGINE_FAILED` when the engine does not say */
export async function isLink(container: Docker.Container, path: string): Promise<boolean> {
  const answer = await askUnless([404], DOING, async () => (await container.infoArchive({ path })) as IncomingMessage);
  if (answer === undefined) return false;
  answer.resume();
  const stated = PathStat.safeParse(statOf(answer.headers["x-docker-container-path-stat"])).data;
  if (stated === undefined) throw engineFailed(DOING, "it did not say what is there");
  return Math.floor(stated.mode / LINK) % 2 === 1;
}

function statOf(header: string | readonly string[] | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(String(header), "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}
