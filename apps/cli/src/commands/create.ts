import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";
import { addCreateOptions } from "./create-options.ts";

const EXAMPLES = `
Examples:
  $ sbx create claude                  the sandbox of this directory, without running the agent
  $ sbx create --name web -m 4g codex ~/src/web`;

export const createCommand: MakeCommand = (context) => {
  const command = new Command("create")
    .description("Make a sandbox and start it, without an agent's session")
    .argument("<agent>", "name of an agent, or a Kit's directory")
    .argument("[path...]", "directory that the agent works in, and further ones");
  return addCreateOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (agent, [path, ...more], options) => {
      const [{ createInput }, { createWithProgress }, { noticeLines }] = await Promise.all([
        import("../run/create-input.ts"),
        import("../run/create-with-progress.ts"),
        import("../run/run-report.ts"),
      ]);
      const input = await createInput(context, agent, { options: { ...options, addDir: [...options.addDir, ...more] }, ...(path === undefined ? {} : { path }) });
      const quiet = options.quiet === true;
      const connection = await context.daemon.connect();
      const { sandbox } = await createWithProgress(context, connection, { input, quiet });
      if (!quiet) for (const line of noticeLines(sandbox)) context.io.err(`${line}\n`);
      context.io.out(`${sandbox.name}\n`);
    });
};
