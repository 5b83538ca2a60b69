import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

const WELCOME = `sbx runs AI coding agents on this machine without giving them the machine.

Three commands to begin with:
  sbx doctor            see whether this machine is ready
  sbx run shell         look around inside a sandbox of this directory
  sbx run claude        give this directory to an agent

All commands: sbx --help
`;

/** What `sbx` says without arguments. */
export const welcomeCommand: MakeCommand = ({ io }) =>
  new Command("welcome").description("Show the first commands to try").action(() => {
    io.out(WELCOME);
  });
