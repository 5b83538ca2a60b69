import { AppError } from "@sbx/contracts/app-error";
import type { Environment } from "../context.ts";

/** "KEY=VALUE" as written, "KEY" with the value of this terminal; a KEY that is not set here is left out, as everywhere. */
export function sessionEnvironment(pairs: readonly string[], env: Environment): Record<string, string> {
  return Object.fromEntries(
    pairs.flatMap((pair) => {
      const at = pair.indexOf("=");
      const name = at === -1 ? pair : pair.slice(0, at);
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        throw new AppError("USAGE", { message: `"${name}" is no name of a variable`, fix: "Write: -e KEY=VALUE, or -e KEY to take the value of this terminal" });
      const value = at === -1 ? env[name] : pair.slice(at + 1);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
