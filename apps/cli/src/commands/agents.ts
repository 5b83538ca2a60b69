import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { AgentView } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import type { MakeCommand } from "../program.ts";
import { show, table } from "../show.ts";

export const agentsCommand: MakeCommand = (context) =>
  new Command("agents")
    .description("See which agents there are")
    .addCommand(lsCommand(context))
    .addCommand(showCommand(context))
    .addHelpText("after", "\nExamples:\n  $ sbx agents ls\n  $ sbx agents show claude");

function lsCommand({ daemon, io }: Context): CommandUnknownOpts {
  return new Command("ls")
    .description("List the agents")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx agents ls --json")
    .action(async ({ json }) => {
      const { client } = await daemon.connect();
      const result = await client.listAgents({});
      show(io, json, {
        result,
        lines: (all) =>
          table(
            ["NAME", "MODEL", "IMAGE", "SOURCE", "DESCRIPTION"],
            all.map(({ name, service, built, source, description, problem }) => [name, service ?? "-", imageState({ built, problem }), source, problem ?? description]),
          ),
      });
    });
}

function imageState({ built, problem }: { readonly built: boolean; readonly problem: string | undefined }): string {
  if (problem !== undefined) return "unusable";
  return built ? "built" : "not yet";
}

function showCommand({ daemon, io }: Context): CommandUnknownOpts {
  return new Command("show")
    .description("Show an agent's profile")
    .argument("<agent>", "its name, or a Kit's directory")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx agents show claude\n  $ sbx agents show ./my-agent-kit --json")
    .action(async (agent, { json }) => {
      const { client } = await daemon.connect();
      const result = await client.showAgent({ agent });
      show(io, json, { result, lines });
    });
}

function lines({ name, displayName, description, source, version, service, allow, interactive, headless, skipped, built }: AgentView): readonly string[] {
  const rows: readonly (readonly [string, string])[] = [
    ["agent", `${displayName} (${name})`],
    ["", description],
    ["source", source],
    ["version", version ?? "-"],
    ["image", built ? "built" : "built at the first run"],
    ["model", service === undefined ? "none" : `service "${service}", reached as http://model.sbx.internal/${service}`],
    ["may reach", allow.length === 0 ? "nothing but its model" : allow.join(", ")],
    ["in a terminal", interactive.join(" ")],
    ["without one", headless.join(" ")],
    ...skipped.map((text, index) => [index === 0 ? "left out" : "", text] as const),
  ];
  return rows.map(([key, value]) => `${key.padEnd(14)} ${cleanText(value)}`.trimEnd());
}
