import type { Context } from "../context.ts";
import { absolutePath } from "../run/workspace-path.ts";

/** An agent's name, or a Kit's directory by its whole path: the daemon has another directory than the terminal. */
export function agentReference(text: string, context: Pick<Context, "cwd" | "home">): string {
  return /[/~]|^\.\.?$/.test(text) ? absolutePath(text, context) : text;
}
