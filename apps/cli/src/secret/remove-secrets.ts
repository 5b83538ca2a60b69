import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { renderError } from "../render-error.ts";

/** Forget secrets; one that cannot be does not keep the others. @returns the exit code */
export async function removeSecrets(context: Context, names: readonly string[], all: true | undefined): Promise<number> {
  if (names.length === 0 && all !== true) throw new AppError("USAGE", { message: "No secret is named", fix: "Name one of: sbx secret ls; or all of the vault with: sbx secret rm --all" });
  if (names.length > 0 && all === true) throw new AppError("USAGE", { message: "Both names and --all are given", fix: "Leave one of the two out." });
  const { client } = await context.daemon.connect();
  const wanted = all === true ? (await client.listSecrets({})).filter(({ source }) => source === "vault").map(({ name }) => name) : names;
  let code: number = EXIT.done;
  for (const name of wanted) {
    try {
      await client.removeSecret({ name });
      context.io.out(`${name}\n`);
    } catch (error) {
      if (!AppError.is(error)) throw error;
      code = Math.max(code, await renderError(error, context));
    }
  }
  return code;
}
