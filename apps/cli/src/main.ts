import type { Context } from "./context.ts";
import { withBareOptions } from "./bare-options.ts";
import { EXIT } from "./exit-code.ts";
import { takeGlobalWords } from "./global-words.ts";
import { renderError } from "./render-error.ts";

/** Run one command line; the exit code is the return value, so that tests can read it. Never rejects. */
export async function main(words: readonly string[], { io, ...world }: Context): Promise<number> {
  const { argv, debug, noInput } = takeGlobalWords(words);
  const context: Context = { ...world, io: noInput ? { ...io, stdinKind: () => "nothing" } : io };
  const outcome: { code: number } = { code: EXIT.done };
  try {
    const { buildProgramFor } = await import("./program.ts");
    const line = argv.length === 0 ? ["welcome"] : argv;
    const program = await buildProgramFor(line, context, (code) => {
      outcome.code = code;
    });
    await program.parseAsync(withBareOptions(line), { from: "user" });
    return outcome.code;
  } catch (error) {
    return await renderError(error, context, { debug });
  }
}
