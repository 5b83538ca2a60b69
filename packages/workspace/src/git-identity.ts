import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Who commits, from the host's global git configuration. */
export interface GitIdentity {
  readonly name?: string;
  readonly email?: string;
}

const TIMEOUT_MS = 5000;

/** Read `user.name` and `user.email` of the person, nothing else. What is not set, or has no git to ask, is absent. */
export async function readGitIdentity(env: Readonly<Record<string, string | undefined>>): Promise<GitIdentity> {
  const read = async (key: string): Promise<string | undefined> => {
    try {
      // From the root directory, so that no repository's own settings are read.
      const { stdout } = await promisify(execFile)("git", ["config", "--global", "--get", key], { cwd: "/", env: { ...env, GIT_CONFIG_NOSYSTEM: "1" }, timeout: TIMEOUT_MS });
      const value = stdout.replaceAll(/\p{Cc}/gu, " ").trim();
      return value === "" ? undefined : value.slice(0, 200);
    } catch {
      return undefined;
    }
  };
  const [name, email] = await Promise.all([read("user.name"), read("user.email")]);
  return { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) };
}
