import { Command } from "@commander-js/extra-typings";
import { parseMemory } from "../option-values.ts";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
A path in a sandbox is absolute, relative to its workspace, or begins with "~/" for the agent's home. "DIR/." means what is
in DIR. Links of this machine are never followed; links that lead out, devices and the like are left out and told, and the
exit code is then 1.

Examples:
  $ sbx cp notes.txt claude-app:/tmp                 a file of this machine into a sandbox
  $ sbx cp claude-app:~/.claude/plans ./plans        a directory of the agent's home
  $ sbx cp claude-app:/var/log - | tar tv            as a tar stream
  $ tar c src | sbx cp - claude-app:/tmp             and the other way`;

export const cpCommand: MakeCommand = (context, setExit) =>
  new Command("cp")
    .description("Copy files between this machine and a sandbox")
    .argument("<source>", "PATH, SANDBOX:PATH, or - for a tar stream on stdin")
    .argument("<destination>", "SANDBOX:PATH, PATH, or - for a tar stream on stdout")
    .option("-L, --follow-link", "copy what a link in the sandbox leads to")
    .option("--max-size <size>", "most that is copied out of a sandbox, as 4g (default: 16g)", parseMemory)
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (source, destination, options) => {
      const [{ copyArguments }, { copyFiles }] = await Promise.all([import("../copy/copy-arguments.ts"), import("../copy/copy-files.ts")]);
      setExit(await copyFiles(context, copyArguments(source, destination), options));
    });
