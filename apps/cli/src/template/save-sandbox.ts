import { AppError } from "@sbx/contracts/app-error";
import { HomePath, TemplateName } from "@sbx/contracts/template";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";
import { withProgress } from "../with-progress.ts";

export interface SaveOptions {
  readonly sandbox: string;
  readonly name: string;
  readonly home: readonly string[];
  readonly replace?: true | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

/** How many paths that were left out are named. */
const SHOWN = 10;

/** `sbx save`: the template's name on stdout, and what stayed behind on stderr. @throws AppError `USAGE` for names that are none */
export async function saveSandbox(context: Context, { sandbox, name, home, replace, json, quiet }: SaveOptions): Promise<void> {
  const paths = home.map(homePath);
  const named = TemplateName.safeParse(name);
  if (!named.success) throw new AppError("USAGE", { message: `"${name}" cannot be a template's name: ${named.error.issues[0]?.message ?? ""}`, fix: `Write for example: sbx save ${sandbox} web` });
  const connection = await context.daemon.connect();
  const template = await withProgress(context, connection, {
    quiet: quiet === true,
    work: (operation, signal) => connection.client.saveTemplate({ sandbox, name: named.data, home: paths, replace: replace === true, operation }, signal),
  });
  show(context.io, json, { result: template, lines: (saved) => [saved.name] });
  if (quiet === true || json === true) return;
  const { leftOut } = template;
  if (home.length === 0) context.io.err("sbx: nothing of the home is in it; for paths of it: --home PATH\n");
  if (leftOut.length > 0)
    context.io.err(`sbx: left out: ${leftOut.slice(0, SHOWN).map(cleanText).join(", ")}${leftOut.length > SHOWN ? ` and ${leftOut.length - SHOWN} more` : ""}; name one itself to take it along\n`);
}

/** `~/x`, `./x` and `x/` are `x`. */
function homePath(text: string): string {
  const plain = text.replace(/^(~\/|\.\/)+/, "").replace(/\/+$/, "");
  const path = HomePath.safeParse(plain === "" || plain === "~" ? "." : plain);
  if (path.success) return path.data;
  throw new AppError("USAGE", { message: `"${text}" is no path below the home: ${path.error.issues[0]?.message ?? ""}`, fix: "Write for example: --home .local/share" });
}
