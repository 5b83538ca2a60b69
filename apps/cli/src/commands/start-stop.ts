import { Command } from "@commander-js/extra-typings";
import type { Context } from "../context.ts";
import type { MakeCommand } from "../command-table.ts";

export const stopCommand: MakeCommand = (context) =>
  new Command("stop")
    .description("End the sessions of sandboxes and stop them; what is installed inside stays")
    .argument("[sandbox...]", "names or ids (default: that of this directory)")
    .addHelpText("after", "\nExamples:\n  $ sbx stop\n  $ sbx stop claude-app codex-web")
    .action(async (refs) => {
      await forEach(context, refs, "stopSandbox");
    });

export const startCommand: MakeCommand = (context) =>
  new Command("start")
    .description("Start stopped sandboxes")
    .argument("[sandbox...]", "names or ids (default: that of this directory)")
    .addHelpText("after", "\nExamples:\n  $ sbx start\n  $ sbx start claude-app")
    .action(async (refs) => {
      await forEach(context, refs, "startSandbox");
    });

/** One after the other, a name printed for each that is done. */
async function forEach(context: Context, refs: readonly string[], call: "startSandbox" | "stopSandbox"): Promise<void> {
  const { findSandbox } = await import("../find-sandbox.ts");
  const { client } = await context.daemon.connect();
  const wanted: readonly (string | undefined)[] = refs.length === 0 ? [undefined] : refs;
  for (const ref of wanted) {
    const { id, name } = await findSandbox(client, ref, context);
    await client[call]({ sandbox: id });
    context.io.out(`${name}\n`);
  }
}
