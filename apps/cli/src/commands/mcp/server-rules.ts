import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { jsonOption, present, withExamples } from "../../mcp/present.ts";

/** Commands that say which servers agents may add. */
export function serverRuleCommands(context: Context): readonly CommandUnknownOpts[] {
  return [allowCommand(context), denyCommand(context), rulesCommand(context)];
}

const SAID = {
  allow: (server: string): string => `agents may add ${server} (take it back with: sbx mcp server allow ${server} --remove)`,
  deny: (server: string): string => `no agent may add ${server} (take it back with: sbx mcp server deny ${server} --remove)`,
} as const;

function allowCommand(context: Context): CommandUnknownOpts {
  const command = newRule("allow", "Let agents add a server without asking you").option("--write", "it may also write to the directories of the workspace that its configuration names");
  return withExamples(command, "server allow fetch", "server allow fetch --sandbox claude-app", "server allow filesystem --write").action(async (server, options) => {
    await sayRule(context, "allow", { server, ...options });
  });
}

function denyCommand(context: Context): CommandUnknownOpts {
  return withExamples(newRule("deny", "Let no agent add or find a server"), "server deny fetch", "server deny fetch --sandbox claude-app").action(async (server, options) => {
    await sayRule(context, "deny", { server, ...options });
  });
}

function newRule(effect: "allow" | "deny", description: string) {
  return new Command(effect)
    .description(description)
    .argument("<server>", "its name")
    .option("--sandbox <name>", "only in this sandbox (default: in all of yours)")
    .option("--remove", "take back what was said about it");
}

interface Said {
  readonly server: string;
  readonly sandbox?: string | undefined;
  readonly remove?: true | undefined;
  readonly write?: true | undefined;
}

async function sayRule({ daemon, io }: Context, effect: "allow" | "deny", { server, sandbox, remove, write }: Said): Promise<void> {
  const { client } = await daemon.connect();
  await client.ruleServer({ server, sandbox, effect: remove === true ? "none" : effect, ...(write === true ? { write } : {}) });
  io.out(`${remove === true ? `nothing is said about ${server} any more` : SAID[effect](server)}\n`);
}

function rulesCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("rules").description("List what you have said about servers").option("--sandbox <name>", "what holds in this sandbox").addOption(jsonOption());
  return withExamples(command, "server rules").action(async ({ sandbox, json }) => {
    const [{ client }, { table }] = await Promise.all([daemon.connect(), import("../../show.ts")]);
    await present(
      io,
      { json },
      {
        result: await client.listServerRules({ sandbox }),
        lines: (rules) =>
          rules.length === 0
            ? ["Nothing was said: agents may add servers of the catalog that comes with sbx, and are asked about for all others"]
            : table(
                ["EFFECT", "SERVER", "CATALOG", "KIND", "SANDBOX", "WRITES"],
                rules.map(({ effect, name, catalog, kind, sandbox: of, write }) => [effect, name ?? "*", catalog ?? "*", kind ?? "*", of ?? "all", write === true ? "yes" : ""]),
              ),
      },
    );
  });
}
