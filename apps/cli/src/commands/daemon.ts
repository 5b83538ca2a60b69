import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../context.ts";
import type { MakeCommand } from "../command-table.ts";

export const daemonCommand: MakeCommand = (context) =>
  new Command("daemon")
    .description("See to the daemon, which other commands start when they need it")
    .addCommand(startCommand(context))
    .addCommand(stopCommand(context))
    .addCommand(statusCommand(context))
    .addCommand(logsCommand(context))
    .addCommand(installCommand(context))
    .addCommand(uninstallCommand(context))
    .addHelpText("after", "\nExamples:\n  $ sbx daemon status\n  $ sbx daemon logs -f");

function startCommand(context: Context): CommandUnknownOpts {
  return new Command("start")
    .description("Start the daemon, unless it runs")
    .addHelpText("after", "\nExamples:\n  $ sbx daemon start")
    .action(async () => {
      const before = await context.daemon.find();
      await context.daemon.connect();
      context.io.out(`${before === undefined ? "started" : "it runs already"}: ${context.daemon.paths.socket}\n`);
    });
}

function stopCommand(context: Context): CommandUnknownOpts {
  return new Command("stop")
    .description("Stop the daemon; sandboxes go on without network until it runs again")
    .addHelpText("after", "\nExamples:\n  $ sbx daemon stop")
    .action(async () => {
      context.io.out((await context.daemon.stop()) ? "stopped\n" : "it does not run\n");
    });
}

function statusCommand(context: Context): CommandUnknownOpts {
  return new Command("status")
    .description("Say whether the daemon runs, and how each of its parts does")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx daemon status --json")
    .action(async ({ json }) => {
      await (await import("../daemon/show-status.ts")).showStatus(context, json);
    });
}

function logsCommand(context: Context): CommandUnknownOpts {
  return new Command("logs")
    .description("Print the end of the daemon's log")
    .option("-f, --follow", "go on with what is written")
    .addHelpText("after", "\nExamples:\n  $ sbx daemon logs -f")
    .action(async ({ follow }) => {
      await (await import("../daemon/show-log.ts")).showLog(context, follow === true);
    });
}

function installCommand(context: Context): CommandUnknownOpts {
  return new Command("install")
    .description("Have this machine start the daemon when you log in (systemd or launchd); without it, commands start it when they need it")
    .addHelpText("after", "\nExamples:\n  $ sbx daemon install")
    .action(async () => {
      await (await import("../daemon/install-service.ts")).installService(context, process.platform);
    });
}

function uninstallCommand(context: Context): CommandUnknownOpts {
  return new Command("uninstall")
    .description("Undo sbx daemon install")
    .addHelpText("after", "\nExamples:\n  $ sbx daemon uninstall")
    .action(async () => {
      await (await import("../daemon/install-service.ts")).uninstallService(context, process.platform);
    });
}
