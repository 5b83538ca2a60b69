import type { OpenSession } from "@sbx/contracts";
import type { Environment, Io } from "../context.ts";

/** A terminal when a person sits at both ends, unless the command line says otherwise. */
export function sessionMode(io: Pick<Io, "stdinKind" | "isTerminal">, wanted: boolean | undefined): "terminal" | "streams" {
  return (wanted ?? (io.isTerminal.stdout && io.stdinKind() === "terminal")) ? "terminal" : "streams";
}

/** What the session's terminal is to be like: as ours, or a common one when we have none. */
export function terminalOf(io: Pick<Io, "size">, env: Environment): NonNullable<OpenSession["terminal"]> {
  const term = env["TERM"];
  const colorTerm = env["COLORTERM"];
  return {
    size: io.size() ?? { columns: 120, rows: 40 },
    term: term === undefined || term === "dumb" || term.length > 64 ? "xterm-256color" : term,
    ...(colorTerm === undefined || colorTerm.length > 64 ? {} : { colorTerm }),
  };
}
