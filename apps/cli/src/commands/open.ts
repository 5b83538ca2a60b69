import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
A program in a sandbox that would open a browser, as for a login, cannot: it leaves the address here. Nothing is opened before you
have seen the address and said yes. A page that leads back to a port of the sandbox needs it published: sbx ports.

Examples:
  $ sbx open claude-app`;

export const openCommand: MakeCommand = (context) =>
  new Command("open")
    .description("See web addresses that a sandbox asks to have opened, and open them in this machine's browser")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--json", "print the addresses as one JSON document, and open none")
    .addHelpText("after", EXAMPLES)
    .action(async (sandbox, { json }) => {
      const { openAddresses } = await import("../open/open-addresses.ts");
      await openAddresses(context, sandbox, { json: json === true });
    });
