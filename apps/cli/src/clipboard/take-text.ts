import { COPIED_TEXT } from "@sbx/contracts/sandbox-path";
import { cleanLines } from "../clean-text.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { findSandbox } from "../find-sandbox.ts";
import { show } from "../show.ts";
import { writeHostText } from "./host-clipboard.ts";
import { runInside } from "./run-inside.ts";

/** Longest text that is taken, in bytes. */
const MOST = 1 << 20;
const SHOWN_LINES = 20;
const SHOWN_WIDTH = 200;

/** `sbx copied`: show what a sandbox asks to have copied, and copy it only after a yes. What is taken is exactly what was shown of it: without control characters and hidden ones. */
export async function takeText(context: Context, ref: string | undefined, { json }: { readonly json: boolean }): Promise<void> {
  const { io } = context;
  const connection = await context.daemon.connect();
  const { name } = await findSandbox(connection.client, ref, context);
  const { output } = await runInside(connection, { sandbox: name, script: `head -c ${MOST + 1} ${COPIED_TEXT} 2>/dev/null; rm -f ${COPIED_TEXT}`, most: MOST + 1 });
  const text = output.byteLength > MOST ? "" : plain(output.toString("utf8"));
  if (json || text === "") {
    show(io, json, {
      result: { sandbox: name, text },
      lines: () => [output.byteLength > MOST ? `What ${name} asks for is longer than 1 MiB: copy it as a file with sbx cp.` : `Nothing is asked for in ${name}.`],
    });
    return;
  }
  const lines = text.split("\n");
  const shown = lines.slice(0, SHOWN_LINES).map((line) => `  ${line.length > SHOWN_WIDTH ? `${line.slice(0, SHOWN_WIDTH)}…` : line}`);
  const more = lines.length > shown.length ? `\n  … and ${lines.length - shown.length} more lines` : "";
  io.out(`${name} asks for this text to be copied:\n${shown.join("\n")}${more}\n`);
  if (lines.length > 1) io.out(`It has ${lines.length} lines: a shell into which it is pasted may run them.\n`);
  await confirm(context, { question: "Put it into this machine's clipboard?", unasked: `sbx copied ${name} --json, and copy it yourself` });
  const by = await writeHostText(text);
  // Where no program is there, the terminal can mostly do it: this is our own sequence, after a yes.
  if (by === undefined) io.stdout.write(`\u001B]52;c;${Buffer.from(text).toString("base64")}\u0007`);
  io.out(by === undefined ? "The terminal was asked to copy it.\n" : "Copied.\n");
}

/** Tabs are spaces, and nothing that drives a terminal or hides is left. */
function plain(text: string): string {
  return cleanLines(text).replace(/\n+$/, "");
}
