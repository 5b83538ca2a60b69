import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { AgentView } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { collect } from "../option-values.ts";
import type { MakeCommand, SetExit } from "../command-table.ts";
import { show, table } from "../show.ts";

export const agentsCommand: MakeCommand = (context, setExit) =>
  new Command("agents")
    .description("See which agents there are, make your own, and prove them")
    .addCommand(listAgentsCommand(context, { description: "List the agents", example: "sbx agents ls --json" }))
    .addCommand(showAgentCommand(context, { name: "show", description: "Show an agent's profile", example: "sbx agents show claude" }))
    .addCommand(newCommand(context))
    .addCommand(checkCommand(context, setExit))
    .addHelpText("after", "\nExamples:\n  $ sbx agents ls\n  $ sbx agents show claude");

/** How a command that two groups have is called and described in one of them. */
interface Wording {
  readonly description: string;
  readonly example: string;
}

export function listAgentsCommand({ daemon, io }: Context, { description, example, mixins = false }: Wording & { readonly mixins?: boolean }): CommandUnknownOpts {
  return new Command("ls")
    .description(description)
    .option("--json", "print one JSON document")
    .addHelpText("after", `\nExamples:\n  $ ${example}`)
    .action(async ({ json }) => {
      const { client } = await daemon.connect();
      const result = (await client.listAgents({})).filter(({ kind }) => mixins || kind === "workload");
      show(io, json, {
        result,
        lines: (all) =>
          table(
            ["NAME", "MODEL", "IMAGE", "SOURCE", "DESCRIPTION"],
            all.map((agent) => [agent.name, agent.service ?? "-", imageState(agent), agent.source, agent.problem ?? agent.description]),
          ),
      });
    });
}

function imageState({ built, problem, kind }: AgentView): string {
  if (problem !== undefined) return "unusable";
  if (kind === "mixin") return "mixin";
  return built ? "built" : "not yet";
}

interface ShowOptions {
  readonly json?: true | undefined;
  readonly kit?: readonly string[];
  readonly arg?: Readonly<Record<string, string>>;
}

export function showAgentCommand(context: Context, { name, description, example }: Wording & { readonly name: string }): CommandUnknownOpts {
  return new Command(name)
    .description(description)
    .argument("<agent>", "its name, or a Kit's directory")
    .option("--json", "print one JSON document")
    .addHelpText("after", `\nExamples:\n  $ ${example}`)
    .action(async (agent: string, { json, kit = [], arg = {} }: ShowOptions) => {
      const { agentReference } = await import("../agents/agent-reference.ts");
      const { client } = await context.daemon.connect();
      const alone = kit.length === 0 && Object.keys(arg).length === 0;
      const reference = agentReference(agent, context);
      const result = alone ? await client.showAgent({ agent: reference }) : await client.composeAgent({ agent: reference, kits: kit.map((one) => agentReference(one, context)), args: { ...arg } });
      show(context.io, json, { result, lines });
    });
}

const none: readonly string[] = [];

function newCommand(context: Context): CommandUnknownOpts {
  return new Command("new")
    .description("Write a Kit for an agent of your own; what is not said is asked for")
    .argument("<name>", "what the agent is called")
    .option("--package <npm package>", "with its exact version, as some-agent@1.2.3")
    .option("--program <name>", "its command (default: as the package)")
    .option("--model <service>", "anthropic, google, openai or qwen")
    .option("--key-variable <name>", "in which it looks for its key, as ANTHROPIC_API_KEY")
    .option("--url-variable <name>", "in which it looks for its provider's address, as ANTHROPIC_BASE_URL")
    .option("--url-path <path>", "what the address ends with, as /v1")
    .option("--interactive <words>", "with which it asks for no permission on a terminal")
    .option("--headless <words>", "before a task without a terminal, as '--yes -p'")
    .option("--allow-host <host>", "a host that it may reach besides its model (repeat for more)", collect, none)
    .option("--protect <path>", "a path of the workspace that stays read-only, with a slash at its end for a directory (repeat for more)", collect, none)
    .option("--force", "replace one of that name")
    .addHelpText(
      "after",
      "\nExamples:\n  $ sbx agents new mine --package my-agent@1.2.3 --model openai --key-variable OPENAI_API_KEY --url-variable OPENAI_BASE_URL --url-path /v1 --headless '--yes -p'\n  $ sbx agents check mine",
    )
    .action(async (name, options) => {
      const { newAgent } = await import("../agents/new-agent.ts");
      const made = await newAgent(context, name, options);
      context.io.out(`${cleanText(made.name)}: written to ${cleanText(made.source)}. Prove it with: sbx agents check ${cleanText(made.name)}\n`);
    });
}

function checkCommand(context: Context, setExit: SetExit): CommandUnknownOpts {
  return new Command("check")
    .description("Prove an agent: read its Kit, build its image, have it do one task of the bundled model; ends with 1 when that fails")
    .argument("<agent>", "its name, or a Kit's directory")
    .argument("[words...]", "what it is started with; {} stands for the task (default: the task alone)")
    .usage("[options] AGENT [-- WORDS...]")
    .addHelpText("after", "\nExamples:\n  $ sbx agents check codex\n  $ sbx agents check gemini -- -p {}")
    .action(async (agent, words) => {
      const { checkAgent } = await import("../agents/check-agent.ts");
      if (!(await checkAgent(context, agent, words))) setExit(EXIT.no);
    });
}

function lines(view: AgentView): readonly string[] {
  const { name, displayName, description, source, version, service, allow, interactive, headless, acp, skipped, kits, built } = view;
  if (view.kind === "mixin")
    return [
      `mixin          ${cleanText(displayName)} (${cleanText(name)}), put over an agent with: sbx run AGENT --kit ${cleanText(name)}`,
      `source         ${cleanText(source)}`,
      `version        ${version ?? "-"}`,
    ];
  const rows: readonly (readonly [string, string])[] = [
    ["agent", `${displayName} (${name})`],
    ["", description],
    ["source", source],
    ["version", version ?? "-"],
    ...(kits.length > 1 ? [["kits", kits.map((kit) => `${kit.name}${kit.version === undefined ? "" : ` ${kit.version}`}`).join(", ")] as const] : []),
    ["image", built ? "built" : "built at the first run"],
    ["model", service === undefined ? "none" : `service "${service}", reached as http://model.sbx.internal/${service}`],
    ["may reach", allow.length === 0 ? "nothing but its model" : allow.join(", ")],
    ...asked(view),
    ["in a terminal", interactive.join(" ")],
    ["without one", headless.join(" ")],
    ...(acp.length === 0 ? [] : [["for editors", `${acp.join(", ")}, with: sbx acp`] as const]),
    ...skipped.map((text, index) => [index === 0 ? "left out" : "", text] as const),
  ];
  return rows.map(([key, value]) => `${key.padEnd(14)} ${cleanText(value)}`.trimEnd());
}

/** What its Kits ask for beside what agents have anyway. */
function asked(view: AgentView): readonly (readonly [string, string])[] {
  const { account, installAllow, installsAsRoot, startsAsRoot, skills, shares, credentials, ssh } = view;
  return [
    ...(account === undefined ? [] : [["runs as", `"${account}" of its image, with its numbers where they are free`] as const]),
    ...(installAllow.length === 0 && !installsAsRoot ? [] : [["install hooks", installing(view)] as const]),
    ...(startsAsRoot ? [["startup hooks", "as root in a container that ends before each start"] as const] : []),
    ...(skills.length === 0 ? [] : [["your skills at", skills.join(", ")] as const]),
    ...(shares.length === 0 ? [] : [["shares", `${shares.join(", ")} among its sandboxes, if you say --share`] as const]),
    ...credentials.map((one, index) => [index === 0 ? "your secrets" : "", credentialText(one)] as const),
    ...ssh.map((one) => ["SSH agent", `${one}, if you say --ssh-agent`] as const),
  ];
}

function credentialText({ secret, hosts, variable }: AgentView["credentials"][number]): string {
  const seen = variable === undefined ? "" : `; programs see a placeholder in ${variable}`;
  return `"${secret}" is put on requests to ${hosts.join(", ")}, if you bind it to them${seen}`;
}

/** As whom install hooks run, and what they reach. */
function installing({ installAllow, installsAsRoot }: AgentView): string {
  return `${installsAsRoot ? "as root in a container of their own" : "in a container of their own"}, reach ${installAllow.length === 0 ? "nothing" : installAllow.join(", ")}`;
}
