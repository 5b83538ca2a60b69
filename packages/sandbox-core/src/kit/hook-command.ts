import { commandWords, type CommandLine } from "./kit-text.ts";

/** Whether a hook's user is the one that is called root. */
export function isRoot(user: string): boolean {
  return user === "root" || user === "0" || user === "root:root" || user === "0:0";
}

/** Variables that a hook sees without naming them, with the sandbox's values. */
const BASELINE = ["PATH", "HOME", "HOSTNAME", "TERM", "PWD", "OLDPWD", "SHLVL"];

/** Names of the variables that a hook may see. */
export function hookVariables({ env }: { readonly env: readonly string[] }): readonly string[] {
  return [...new Set([...BASELINE, ...env])];
}

/**
 * The command that runs a hook with an environment of its own: the baseline and the names it declared, nothing of the
 * sandbox's other variables (its key's placeholder among them). A name that is not set stays unset.
 */
export function hookCommand({ command, env, background = false }: { readonly command: CommandLine; readonly env: readonly string[]; readonly background?: boolean }): readonly string[] {
  const names = hookVariables({ env });
  // Each name was checked to be letters, digits and underscores, so it can stand in the script.
  const values = names.map((name) => `\${${name}+"${name}=$${name}"}`).join(" ");
  const script = background ? `env -i ${values} "$@" >/dev/null 2>&1 </dev/null &` : `exec env -i ${values} "$@"`;
  return ["/bin/sh", "-c", script, "hook", ...commandWords(command)];
}
