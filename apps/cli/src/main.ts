import type { Context } from "./context.ts";
import { withDockerSocketKind } from "./docker/docker-socket-option.ts";
import { EXIT } from "./exit-code.ts";
import { buildProgram } from "./program.ts";
import { renderError } from "./render-error.ts";

/** Run one command line; the exit code is the return value, so that tests can read it. Never rejects. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  const outcome: { code: number } = { code: EXIT.done };
  try {
    await buildProgram(context, (code) => {
      outcome.code = code;
    }).parseAsync(argv.length === 0 ? ["welcome"] : withDockerSocketKind(argv), { from: "user" });
    return outcome.code;
  } catch (error) {
    return await renderError(error, context);
  }
}
