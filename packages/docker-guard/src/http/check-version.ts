import { Refusal } from "../refusal.ts";
import type { Guard } from "../guard.ts";
import type { Target } from "./parse-target.ts";

/** Older ones took the settings of a container with its start. */
export const OLDEST_API = "1.24";

/** Refuse versions of the API that the guard or its engine does not know. @throws Refusal 400 */
export function checkVersion({ parts: { engine } }: Pick<Guard, "parts">, { version }: Pick<Target, "version">): void {
  if (version === undefined) return;
  const newest = engine.facts.apiVersion;
  if (number(version) > number(newest)) throw new Refusal(400, `client version ${version} is too new. Maximum supported API version is ${newest}`);
  if (number(version) < number(OLDEST_API))
    throw new Refusal(400, `client version ${version} is too old. Minimum supported API version is ${OLDEST_API}, please upgrade your client to a newer version`);
}

/** Whether a client that names this version knows what is new in `other`. */
export function knows(version: string | undefined, other: string): boolean {
  return version === undefined || number(version) >= number(other);
}

function number(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1000 + minor;
}
