import { Command } from "@commander-js/extra-typings";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import type { MakeCommand } from "../../command-table.ts";

/** What runs now. */
export const lsCommand: MakeCommand = (context) => {
  const command = new Command("ls").alias("ps").description("List the servers that run now or are being fetched, and for whom").addOption(formatOption()).addOption(jsonOption());
  return withExamples(command, "ls", "ls --json").action(async (options) => {
    const [{ present }, { table }] = await Promise.all([import("../../mcp/present.ts"), import("../../show.ts")]);
    const { client } = await context.daemon.connect();
    await present(context.io, options, {
      result: await client.listInstances({}),
      lines: (all) =>
        all.length === 0
          ? ["No server runs. One is started when a tool of it is first used: sbx mcp tools call TOOL"]
          : table(
              ["SERVER", "FOR", "STATE", "CALLS", "SINCE"],
              all.map(({ server, sandbox, scope, calls, startedAt, step }) => [server, sandbox ?? scope, step === undefined ? "runs" : step.slice(0, 60), String(calls), startedAt]),
            ),
    });
  });
};

/** What a server said. */
export const logsCommand: MakeCommand = ({ daemon, io }) => {
  const command = new Command("logs").description("Print what a server wrote on its standard error").argument("<server>", "its name");
  return withExamples(command, "logs fetch").action(async (server) => {
    const { cleanLines } = await import("../../clean-text.ts");
    const { client } = await daemon.connect();
    const { text } = await client.serverLogs({ server });
    io.out(cleanLines(text));
    if (text === "") io.err(`sbx: ${server} has written nothing\n`);
  });
};

/** Start a server anew. */
export const restartCommand: MakeCommand = ({ daemon, io }) => {
  const command = new Command("restart").description("End what runs of servers; the next use starts it anew").argument("<server...>", "their names");
  return withExamples(command, "restart fetch").action(async (servers) => {
    const { client } = await daemon.connect();
    for (const server of servers) {
      const { ended } = await client.restartServer({ server });
      io.out(ended === 0 ? `${server} did not run\n` : `Ended ${ended} instance(s) of ${server}; the next use starts it anew\n`);
    }
  });
};
