import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../context.ts";
import { allowRegistryCommand, denyRegistryCommand, rulesCommand } from "../docker/registry-commands.ts";
import type { MakeCommand } from "../command-table.ts";

/** What agents do with the Docker API of their sandbox, and which images they may run. */
export const dockerCommand: MakeCommand = (context) =>
  new Command("docker")
    .description("See and tidy up what agents started with --mount-docker-socket")
    .addCommand(psCommand(context))
    .addCommand(dfCommand(context))
    .addCommand(pruneCommand(context))
    .addCommand(imagesCommand(context))
    .addCommand(allowCommand(context))
    .addCommand(denyCommand(context))
    .addCommand(rulesCommand(context))
    .addCommand(allowRegistryCommand(context, "pull"))
    .addCommand(denyRegistryCommand(context, "pull"))
    .addCommand(allowRegistryCommand(context, "push"))
    .addCommand(denyRegistryCommand(context, "push"))
    .addHelpText("after", "\nExamples:\n  $ sbx docker ps shell-app\n  $ sbx docker allow-image postgres:16\n  $ sbx docker allow-pull 'registry.example.org/team/*'");

function psCommand(context: Context): CommandUnknownOpts {
  return new Command("ps")
    .description("List the containers of a sandbox's agent")
    .argument("[sandbox]", "its name or id (default: that of this directory)")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx docker ps\n  $ sbx docker ps shell-app --json")
    .action(async (sandbox, options) => {
      await (await import("../docker/docker-views.ts")).listContainers(context, sandbox, options);
    });
}

function dfCommand(context: Context): CommandUnknownOpts {
  return new Command("df")
    .description("Show what a sandbox's agent keeps in the engine")
    .argument("[sandbox]", "its name or id (default: that of this directory)")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx docker df\n  $ sbx docker df shell-app --json")
    .action(async (sandbox, options) => {
      await (await import("../docker/docker-views.ts")).showUsage(context, sandbox, options);
    });
}

function pruneCommand(context: Context): CommandUnknownOpts {
  return new Command("prune")
    .description("Remove a sandbox's containers that do not run, and networks and volumes that none has")
    .argument("[sandbox]", "its name or id (default: that of this directory)")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx docker prune\n  $ sbx docker prune shell-app --json")
    .action(async (sandbox, options) => {
      await (await import("../docker/docker-views.ts")).pruneSandbox(context, sandbox, options);
    });
}

function imagesCommand(context: Context): CommandUnknownOpts {
  return new Command("images")
    .description("List the images of this machine's engine that agents may run")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx docker images\n  $ sbx docker images --json")
    .action(async (options) => {
      await (await import("../docker/docker-views.ts")).listImages(context, options);
    });
}

function allowCommand(context: Context): CommandUnknownOpts {
  return new Command("allow-image")
    .description("Let agents run an image that this machine's engine has")
    .argument("<image>", "as postgres:16; whatever has this name then is meant")
    .addHelpText("after", "\nExamples:\n  $ sbx docker allow-image postgres:16\n  $ sbx docker allow-image registry.example.org/team/app:1.2")
    .action(async (reference) => {
      await (await context.daemon.connect()).client.allowDockerImage({ reference });
      context.io.out(`${reference}\n`);
    });
}

function denyCommand(context: Context): CommandUnknownOpts {
  return new Command("deny-image")
    .description("Take an image from those that agents may run; containers that run go on")
    .argument("<image>", "as sbx docker images shows it")
    .addHelpText("after", "\nExamples:\n  $ sbx docker deny-image postgres:16")
    .action(async (reference) => {
      await (await context.daemon.connect()).client.denyDockerImage({ reference });
      context.io.out(`${reference}\n`);
    });
}
