import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { RuleEffect } from "@sbx/contracts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { foreignPolicyCommands } from "../foreign-commands.ts";
import type { MakeCommand, SetExit } from "../command-table.ts";

const FOR = "only for this sandbox (default: for all of yours)";
const FOR_SERVER = "for this MCP server, in whichever sandbox it works";

/** What may leave a sandbox. Changes hold at once, for running sandboxes too. */
export const policyCommand: MakeCommand = (context, setExit) => {
  const command = new Command("policy")
    .description("See and change what sandboxes may reach")
    .addCommand(lsCommand(context))
    .addCommand(addCommand(context, "allow"))
    .addCommand(addCommand(context, "deny"))
    .addCommand(rmCommand(context))
    .addCommand(checkCommand(context, setExit))
    .addCommand(whyCommand(context))
    .addHelpText("after", "\nExamples:\n  $ sbx policy allow api.example.org\n  $ sbx policy why api.example.org");
  for (const foreign of foreignPolicyCommands()) command.addCommand(foreign, { hidden: true });
  return command;
};

function lsCommand(context: Context): CommandUnknownOpts {
  return new Command("ls")
    .description("List the rules; what no rule allows is denied")
    .option("--sandbox <name>", "the rules of one sandbox, its profile's too")
    .option("--server <name>", "what you gave one MCP server")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx policy ls\n  $ sbx policy ls --sandbox claude-app --json")
    .action(async (options) => {
      await (await import("../policy/list-rules.ts")).listRules(context, options);
    });
}

function addCommand(context: Context, effect: RuleEffect): CommandUnknownOpts {
  const what = effect === "allow" ? "Allow a destination" : "Deny a destination, whatever else allows it";
  return new Command(effect)
    .description(what)
    .argument("<pattern...>", "api.example.org, *.example.org (one label), **.example.org (any depth), 10.1.0.0/16; :PORT or :FROM-TO may follow")
    .option("--sandbox <name>", FOR)
    .option("--server <name>", FOR_SERVER)
    .option("--note <text>", "why, for people")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `\nExamples:\n  $ sbx policy ${effect} api.example.org\n  $ sbx policy ${effect} '**.example.org:443' --sandbox claude-app\n  $ sbx policy ${effect} api.example.org --server search`,
    )
    .action(async (words, options) => {
      const { addRule } = await import("../policy/add-rule.ts");
      for (const pattern of destinationsOf(words)) await addRule(context, effect, { pattern, ...options });
    });
}

/** Several in a row, or in one word between commas; the word "network" before them says what there is anyway. */
function destinationsOf(words: readonly string[]): readonly string[] {
  return (words[0] === "network" && words.length > 1 ? words.slice(1) : words).flatMap((word) => word.split(",").filter((part) => part !== ""));
}

function rmCommand(context: Context): CommandUnknownOpts {
  return new Command("rm")
    .description("Remove a rule")
    .argument("<rule>", "its id, as sbx policy ls shows it")
    .option("--sandbox <name>", "a rule of this sandbox")
    .option("--server <name>", "a rule of this MCP server")
    .addHelpText("after", "\nExamples:\n  $ sbx policy rm user:api.example.org")
    .action(async (rule, { sandbox, server }) => {
      const { client } = await context.daemon.connect();
      await client.removeRule({ rule, sandbox, server });
      context.io.out(`${rule}\n`);
    });
}

function checkCommand(context: Context, setExit: SetExit): CommandUnknownOpts {
  return new Command("check")
    .description("Say whether a destination is allowed; exit code 1 when it is not")
    .argument("<destination...>", "HOST, HOST:PORT (443 when not given) or a URL")
    .option("--sandbox <name>", "as this sandbox")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx policy check registry.example.org && echo yes\n  $ sbx policy check db.example.org:5432 --sandbox claude-app")
    .action(async (words, options) => {
      const [destination = "", ...others] = destinationsOf(words);
      if (others.length > 0) throw await onlyOne(words);
      if (!(await (await import("../policy/check-policy.ts")).checkPolicy(context, destination, options))) setExit(EXIT.no);
    });
}

async function onlyOne(words: readonly string[]): Promise<Error> {
  const { AppError } = await import("@sbx/contracts/app-error");
  return new AppError("USAGE", { message: `Several destinations are named: ${words.join(" ")}`, fix: "Check one at a time: sbx policy check HOST" });
}

function whyCommand(context: Context): CommandUnknownOpts {
  return new Command("why")
    .description("Explain the decision about a host, and show when it was refused")
    .argument("<destination>", "HOST, HOST:PORT or a URL")
    .option("--sandbox <name>", "as this sandbox")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx policy why api.example.org\n  $ sbx policy why api.example.org --sandbox claude-app")
    .action(async (destination, options) => {
      await (await import("../policy/explain-policy.ts")).explainPolicy(context, destination, options);
    });
}
