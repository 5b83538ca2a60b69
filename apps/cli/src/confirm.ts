import { createInterface } from "node:readline/promises";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "./context.ts";

/** Ask for a yes. @throws AppError `USAGE` without one, also where there is nobody to ask; `unasked` is the command that does not ask */
export async function confirm({ io }: Pick<Context, "io">, { question, unasked }: { readonly question: string; readonly unasked: string }): Promise<void> {
  const refused = new AppError("USAGE", { message: "Nobody has said yes, so nothing was done", fix: `Answer y, or do not be asked: ${unasked}` });
  if (io.stdinKind() !== "terminal") throw refused;
  const lines = createInterface({ input: io.stdin(), output: io.stderr });
  try {
    if (!/^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())) throw refused;
  } finally {
    lines.close();
  }
}
