import { Refusal } from "../refusal.ts";

/** The engine said no. Its words are never passed on as they are: they name paths, ids and containers of the host. */
export class EngineRefused extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "EngineRefused" });
  }

  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(`the engine answered ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** What of the engine's words is about the client's own program, and no more. */
const OWN_FAULTS = [
  /exec: "[^"\n]{1,200}": (?:executable file not found in \$PATH|no such file or directory|permission denied|is a directory)/,
  /exec: "[^"\n]{1,200}": stat [^\n:]{1,200}: (?:no such file or directory|permission denied)/,
  /unable to find (?:user|group) [\w.-]{1,64}: no matching entries in (?:passwd|group) file/,
  /Could not find the file [^\n]{1,200} in container/,
  /No command specified/,
  /uids and gids must be in range [\d-]{1,32}/,
  /chdir to cwd \("[^"\n]{1,200}"\) set in config\.json failed: (?:no such file or directory|permission denied|not a directory)/,
];

/** Say no in the guard's own words. `what` is a sentence: "the container could not be started". */
export function refusalOf({ status, body }: { readonly status: number; readonly body: unknown }, what: string): Refusal {
  const words = typeof body === "object" && body !== null && "message" in body && typeof body.message === "string" ? body.message : "";
  for (const pattern of OWN_FAULTS) {
    const found = pattern.exec(words)?.[0];
    // Some of them an engine takes for faults of its own.
    if (found !== undefined) return new Refusal(status >= 500 ? 400 : status, `${what}: ${found.replace(/ in container$/, "")}`);
  }
  return new Refusal(status >= 400 && status < 600 ? status : 500, `${what} (the engine answered ${status})`);
}
