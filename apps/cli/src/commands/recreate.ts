import { Command, Option } from "@commander-js/extra-typings";
import { collectArgument } from "../agents/kit-arguments.ts";
import { collect } from "../option-values.ts";
import type { MakeCommand } from "../command-table.ts";

const none: readonly string[] = [];
const noArguments: Readonly<Record<string, string>> = {};

const EXAMPLES = `
Its containers and its home go, and what hooks of Kits installed; hooks of a first start do not run again. Its name, rules, packages
and the workspace stay, and so do volumes of Kits, also of those that it has no more. With --agent or --kit these take the place of
all Kits that it has. What is refused changes nothing.

Examples:
  $ sbx recreate                              the sandbox of this directory, of its Kits as they are now
  $ sbx recreate claude-app --kit ./my-tools  with another mixin`;

export const recreateCommand: MakeCommand = (context) =>
  new Command("recreate")
    .description("Make a sandbox anew of its Kits, and keep the volumes of these")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--agent <agent>", "another agent, or a Kit's directory")
    .option("--kit <name or directory>", "a mixin over the agent, in place of those that it has (repeat for more)", collect, none)
    .addOption(new Option("--arg <name=value>", "an argument of the Kits (repeat for more)").argParser(collectArgument).default(noArguments, "none"))
    .option("--reject-capability <type>", "a capability that no Kit gets, as com.docker.sandbox/volume@1, in place of those that were named before (repeat for more)", collect, none)
    .option("-f, --force", "also while sessions run, which end")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", EXAMPLES)
    .action(async (ref, { agent, kit, arg, rejectCapability, force, quiet }) => {
      const [{ agentReference }, { findSandbox }, { withProgress }] = await Promise.all([import("../agents/agent-reference.ts"), import("../find-sandbox.ts"), import("../with-progress.ts")]);
      const connection = await context.daemon.connect();
      const found = await findSandbox(connection.client, ref, context);
      const changes = {
        ...(agent === undefined ? {} : { agent: agentReference(agent, context) }),
        ...(kit.length === 0 ? {} : { kits: kit.map((one) => agentReference(one, context)) }),
        ...(rejectCapability.length === 0 ? {} : { reject: [...rejectCapability] }),
        args: { ...arg },
      };
      const { name } = await withProgress(context, connection, {
        quiet: quiet === true,
        work: (operation, signal) => connection.client.recreateSandbox({ sandbox: found.id, ...changes, force: force === true, operation }, signal),
      });
      context.io.out(`${name}\n`);
    });
