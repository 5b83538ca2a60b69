import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { RuleEffect } from "@sbx/contracts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import type { MakeCommand, SetExit } from "../program.ts";

const FOR = "only for this sandbox (default: for all of yours)";
const FOR_SERVER = "for this MCP server, in whichever sandbox it works";

/** What may leave a sandbox. Changes hold at once, for running sandboxes too. */
export const policyCommand: MakeCommand = (context, setExit) =>
  new Command("policy")
    .description("See and change what sandboxes may reach")
    .addCommand(lsCommand(context))
    .addCommand(addCommand(context, "allow"))
    .addCommand(addCommand(context, "deny"))
    .addCommand(rmCommand(context))
    .addCommand(checkCommand(context, setExit))
    .addCommand(whyCommand(context))
    .addHelpText("after", "\nExamples:\n  $ sbx policy allow api.example.org\n  $ sbx policy why api.example.org");

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
    .argument("<pattern>", "api.example.org, *.example.org (one label), **.example.org (any depth), 10.1.0.0/16; :PORT or :FROM-TO may follow")
    .option("--sandbox <name>", FOR)
    .option("--server <name>", FOR_SERVER)
    .option("--note <text>", "why, for people")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `\nExamples:\n  $ sbx policy ${effect} api.example.org\n  $ sbx policy ${effect} '**.example.org:443' --sandbox claude-app\n  $ sbx policy ${effect} api.example.org --server search`,
    )
    .action(async (pattern, options) => {
      await (await import("../policy/add-rule.ts")).addRule(context, effect, { pattern, ...options });
    });
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
    .argument("<destination>", "HOST, HOST:PORT (443 when not given) or a URL")
    .option("--sandbox <name>", "as this sandbox")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx policy check registry.example.org && echo yes\n  $ sbx policy check db.example.org:5432 --sandbox claude-app")
    .action(async (destination, options) => {
      if (!(await (await import("../policy/check-policy.ts")).checkPolicy(context, destination, options))) setExit(EXIT.no);
    });
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
