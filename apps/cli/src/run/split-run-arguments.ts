import { AppError } from "@sbx/contracts/app-error";

/** What follows the agent on the command line. */
export interface RunArguments {
  /** As it was typed; absent when none was. */
  readonly path?: string;
  /** Further directories, which is plain only where "--" follows them. */
  readonly more: readonly string[];
  readonly args: readonly string[];
}

/** Options of ours that no agent has: after the agent they are surely a slip, and not passing them on is the safe reading. */
const ONLY_OURS = /^--(allow-host|allow-host-port|allow-write|hide|clipboard|deadline|detach-keys|mount-docker-socket|ssh-agent|ssh-known-hosts|disk|pids)(=|$)/;

/**
 * Take PATH and ARGS apart: PATH is `.`, `..` or begins with `/`, `./`, `../` or `~`; all else is the agent's. Where "--"
 * follows nothing but paths, those after the first are further directories.
 *
 * @throws AppError `USAGE` when an option that only sbx has stands after the agent without `--` before it.
 */
export function splitRunArguments(rest: readonly string[]): RunArguments {
  const [first] = rest;
  const path = first !== undefined && isPath(first) ? first : undefined;
  const after = path === undefined ? rest : rest.slice(1);
  const dashes = after.indexOf("--");
  if (dashes === 0 || (dashes > 0 && path !== undefined && after.slice(0, dashes).every(isPath)))
    return { ...(path === undefined ? {} : { path }), more: after.slice(0, dashes), args: after.slice(dashes + 1) };
  const slip = after[0] === undefined ? null : ONLY_OURS.exec(after[0]);
  if (slip !== null) {
    throw new AppError("USAGE", {
      message: `"--${slip[1]}" stands after the agent, where everything belongs to the agent`,
      fix: "Put options of sbx before the agent: sbx run [options] AGENT [PATH] [-- ARGS…]",
    });
  }
  return { ...(path === undefined ? {} : { path }), more: [], args: after };
}

/** Whether a word is written as a path, and so none that an agent would read otherwise. */
export function isPath(text: string): boolean {
  return text === "." || text === ".." || text === "~" || /^(\/|\.\/|\.\.\/|~\/)/.test(text);
}
