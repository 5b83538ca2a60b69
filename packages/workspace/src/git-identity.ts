import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";

/** Who commits, from the host's global git configuration. */
export interface GitIdentity {
  readonly name?: string;
  readonly email?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 5000;

/** Reads `user.name` and `user.email` of a person, nothing else. Git is asked again when one of its files has changed. */
export class GitIdentities {
  readonly #env: Environment;
  #known: { readonly stamp: string; readonly identity: GitIdentity } | undefined;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** What is not set, or has no git to ask, is absent. */
  async read(): Promise<GitIdentity> {
    const stamp = (await Promise.all(globalFiles(this.#env).map(stampOf))).join("\n");
    if (this.#known?.stamp === stamp) return this.#known.identity;
    const identity = await askGit(this.#env);
    this.#known = identity === undefined ? undefined : { stamp, identity };
    return identity ?? {};
  }
}

/** Where git has its global settings from; it follows no `include` in them when it is asked for these alone. */
function globalFiles(env: Environment): readonly string[] {
  const { GIT_CONFIG_GLOBAL: chosen, HOME = "", XDG_CONFIG_HOME: config } = env;
  return chosen === undefined ? [`${HOME}/.gitconfig`, `${config === undefined || config === "" ? `${HOME}/.config` : config}/git/config`] : [chosen];
}

async function stampOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? "none" : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(" ");
}

/** `undefined` where git does not answer. */
async function askGit(env: Environment): Promise<GitIdentity | undefined> {
  try {
    // From the root directory, so that no repository's own settings are read.
    const { stdout } = await promisify(execFile)("git", ["config", "--global", "--null", "--get-regexp", String.raw`^user\.(name|email)$`], {
      cwd: "/",
      env: { ...env, GIT_CONFIG_NOSYSTEM: "1" },
      timeout: TIMEOUT_MS,
    });
    return identityIn(stdout);
  } catch (error) {
    // Its exit code for "nothing found".
    return error instanceof Error && "code" in error && error.code === 1 ? {} : undefined;
  }
}

/** Of a setting that is there more than once the last counts, as for git itself. */
function identityIn(answer: string): GitIdentity {
  const settings = new Map(
    answer.split("\0").map((one) => {
      const end = one.indexOf("\n");
      const value = one
        .slice(end + 1)
        .replaceAll(/\p{Cc}/gu, " ")
        .trim();
      return [one.slice(0, Math.max(0, end)).toLowerCase(), value.slice(0, 200)] as const;
    }),
  );
  const [name = "", email = ""] = [settings.get("user.name"), settings.get("user.email")];
  return { ...(name === "" ? {} : { name }), ...(email === "" ? {} : { email }) };
}
