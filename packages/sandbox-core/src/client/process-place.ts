import { homedir } from "node:os";
import path from "node:path";
import type { Environment } from "./daemon-port.ts";

/** What a program says of itself instead of its process. */
export interface PlaceOverrides {
  readonly env?: Environment;
  readonly home?: string;
  readonly cwd?: string;
}

/** Where a program stands: what it takes to find its daemon, and from where its relative paths go out. */
export interface Place {
  readonly env: Environment;
  readonly home: string;
  /** A path of the caller's, absolute. */
  readonly absolute: (path: string) => string;
}

/** This process's place, as it is now. The only place of the SDK that reads the environment. */
export function processPlace({ env = process.env, home = env["HOME"] ?? homedir(), cwd }: PlaceOverrides = {}): Place {
  return { env, home, absolute: (text) => path.resolve(cwd ?? process.cwd(), text) };
}
