import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
They are installed beside the sandbox, where nothing but the distribution's hosts can be reached, and are there when it starts the
next time: at once when no session runs in it. An agent cannot install any by itself; what it runs as "apt install" says so.

Examples:
  $ sbx install ripgrep postgresql-client      into the sandbox of this directory
  $ sbx install --sandbox claude-app g++ make`;

export const installCommand: MakeCommand = (context) =>
  new Command("install")
    .description("Put packages of the system into a sandbox")
    .argument("<package...>", "names as the distribution has them, with =VERSION if one is wanted")
    .option("--sandbox <sandbox>", "name or id (default: the one of this directory)")
    .option("--json", "print one JSON document")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", EXAMPLES)
    .action(async (packages, options) => {
      const { installPackages } = await import("../template/install-packages.ts");
      await installPackages(context, { packages, ...options });
    });
