import { existsSync } from "node:fs";
import path from "node:path";

const CREDENTIALS = [".aws/credentials", ".ssh", ".npmrc", ".docker/config.json", ".config/gh/hosts.yml", ".netrc", ".git-credentials", ".kube/config", ".gnupg", ".bash_history"];

/** Paths under the home where credentials usually lie, those of this machine first. */
export function credentialPaths(home: string): readonly { readonly path: string; readonly onHost: boolean }[] {
  return CREDENTIALS.map((relative) => path.join(home, relative))
    .map((full) => ({ path: full, onHost: existsSync(full) }))
    .toSorted((a, b) => Number(b.onHost) - Number(a.onHost));
}
