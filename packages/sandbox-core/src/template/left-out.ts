import type { LeaveOut } from "../ports/template-host.ts";
import { credentialByName } from "../workspace/credential-patterns.ts";
import { isWithin } from "../workspace/protected-paths.ts";

/** What is behind each is left out of a template: paths relative to the home, in which `*` stands for a part of a name. */
const LEFT_OUT: readonly string[] = [
  // What was typed and looked at.
  ".*history",
  ".lesshst",
  ".viminfo",
  ".wget-hsts",
  ".node_repl_history",
  ".local/state",
  ".local/share/fish",
  ".local/share/recently-used*",
  ".z",
  // Keys, logins and tokens.
  ".ssh",
  ".gnupg",
  ".aws",
  ".azure",
  ".kube",
  ".docker",
  ".terraform.d",
  ".config/gcloud",
  ".config/gh",
  ".config/hub",
  ".config/op",
  ".config/rclone",
  ".config/containers",
  ".local/share/keyrings",
  ".password-store",
  ".cargo/credentials*",
  ".gem/credentials",
  ".m2/settings*.xml",
  ".gradle/gradle.properties",
  ".composer/auth.json",
  ".config/composer/auth.json",
  ".yarnrc*",
  ".env*",
  ".*-credentials",
  ".*token*",
  ".*rc",
  // What can be fetched again.
  ".cache",
  ".npm",
  ".cargo/registry",
  ".gradle/caches",
  ".m2/repository",
  ".local/share/Trash",
  // What shells, git, editors and desktops run by themselves.
  ".profile",
  ".*_profile",
  ".*_login",
  ".*_logout",
  ".zshenv",
  ".*_aliases",
  ".gitconfig",
  ".config/git",
  ".git-templates",
  ".config/fish",
  ".config/nvim",
  ".config/autostart",
  ".config/systemd",
  ".vim",
  ".emacs*",
  ".config/environment.d",
  ".local/share/systemd",
  // What agents keep of themselves: sessions, settings with hooks, logins.
  ".claude*",
  ".codex",
  ".gemini",
  ".copilot",
  ".qwen",
  ".cline",
  ".pi",
  ".kiro",
  ".cursor",
  ".config/opencode",
  ".local/share/opencode",
  ".local/share/kiro-cli",
  ".config/github-copilot",
  ".config/claude",
];

const PATTERNS = LEFT_OUT.map((pattern) => new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", "[^/]*")}(?:/|$)`, "iu"));
/** At any depth: repositories' own programs, and what compilers keep for themselves. */
const ANYWHERE = /(?:^|\/)(?:\.git\/(?:hooks|config)|__pycache__|\.npmrc|\.netrc|\.pypirc|\.git-credentials)(?:\/|$)/iu;

/**
 * Say what of a home stays behind when a template is saved: secrets, histories, caches, files that programs run by
 * themselves, and `own`, which the agent's profile writes anew. What a person named is taken: that very path, and what is in it.
 */
export function leftOutOfHome({ named, own }: { readonly named: readonly string[]; readonly own: readonly string[] }): LeaveOut {
  const isIn = (path: string, places: readonly string[]): boolean => places.some((one) => isWithin(path, one));
  const byPlace = (path: string): boolean => PATTERNS.some((pattern) => pattern.test(path)) || ANYWHERE.test(path) || isIn(path, own);
  const wanted = named.filter((path) => path !== "." && (byPlace(path) || credentialByName(path) !== undefined));
  return (path) => {
    if (isIn(path, wanted)) return false;
    if (byPlace(path)) return true;
    const credential = credentialByName(path);
    return credential !== undefined && (credential.confirm ?? true);
  };
}
