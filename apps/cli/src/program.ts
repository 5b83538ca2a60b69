import { Command, type CommandUnknownOpts, type Option } from "@commander-js/extra-typings";
import { agentsCommand } from "./commands/agents.ts";
import { attachCommand } from "./commands/attach.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { cpCommand } from "./commands/cp.ts";
import { createCommand } from "./commands/create.ts";
import { daemonCommand } from "./commands/daemon.ts";
import { dockerCommand } from "./commands/docker.ts";
import { dockerGuardCommand } from "./commands/docker-guard.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { eventsCommand } from "./commands/events.ts";
import { execCommand } from "./commands/exec.ts";
import { helpCommand } from "./commands/help.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { installCommand } from "./commands/install.ts";
import { kitCommand } from "./commands/kit.ts";
import { logsCommand } from "./commands/logs.ts";
import { lsCommand } from "./commands/ls.ts";
import { manCommand } from "./commands/man.ts";
import { mcpCommand } from "./commands/mcp.ts";
import { openCommand } from "./commands/open.ts";
import { portsCommand } from "./commands/ports.ts";
import { policyCommand } from "./commands/policy.ts";
import { pruneCommand } from "./commands/prune.ts";
import { renameCommand } from "./commands/rename.ts";
import { rmCommand } from "./commands/rm.ts";
import { runCommand } from "./commands/run.ts";
import { saveCommand } from "./commands/save.ts";
import { secretCommand } from "./commands/secret.ts";
import { startCommand, stopCommand } from "./commands/start-stop.ts";
import { statsCommand } from "./commands/stats.ts";
import { templateCommand } from "./commands/template.ts";
import { versionCommand } from "./commands/version.ts";
import { welcomeCommand } from "./commands/welcome.ts";
import type { Context } from "./context.ts";
import { foreignCommands } from "./foreign-commands.ts";

/** How a command says with which code the process ends; without a word it is 0. */
export type SetExit = (code: number) => void;
export type MakeCommand = (context: Context, setExit: SetExit) => CommandUnknownOpts;

const GROUPS: Readonly<Record<string, readonly MakeCommand[]>> = {
  "Sandboxes:": [
    runCommand,
    createCommand,
    attachCommand,
    openCommand,
    execCommand,
    cpCommand,
    portsCommand,
    lsCommand,
    statsCommand,
    inspectCommand,
    logsCommand,
    stopCommand,
    startCommand,
    installCommand,
    saveCommand,
    templateCommand,
    renameCommand,
    rmCommand,
    pruneCommand,
  ],
  "The wall:": [policyCommand, eventsCommand, secretCommand],
  "Tools for agents:": [mcpCommand, dockerCommand, dockerGuardCommand],
  "This machine:": [agentsCommand, kitCommand, daemonCommand, doctorCommand, completionCommand, manCommand, helpCommand, versionCommand],
};

/** Every command, ready to parse. Nothing heavy is loaded before an action runs. */
export function buildProgram(context: Context, setExit: SetExit): CommandUnknownOpts {
  const program = new Command("sbx")
    .description("Run AI coding agents on this machine without giving them the machine")
    .version(context.version, "-V, --version", "print the version")
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError("(add --help for usage)")
    .exitOverride()
    .configureOutput({
      writeOut: context.io.out,
      writeErr: context.io.err,
      getOutHasColors: () => context.io.colour.stdout,
      getErrHasColors: () => context.io.colour.stderr,
      getOutHelpWidth: () => context.io.size()?.columns ?? 100,
      getErrHelpWidth: () => context.io.size()?.columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: false, optionDescription: describeOption })
    .addHelpText("after", "\nExit codes: the agent's or command's own; 125 when sbx itself failed, 2 for a wrong command line, 130 when interrupted.");
  for (const [group, makers] of Object.entries(GROUPS)) {
    for (const make of makers) add(program, make(context, setExit).helpGroup(group));
  }
  for (const foreign of foreignCommands()) program.addCommand(foreign.copyInheritedSettings(program), { hidden: true });
  for (const hidden of [welcomeCommand, completeCommand]) program.addCommand(hidden(context, setExit).copyInheritedSettings(program), { hidden: true });
  return program;
}

/** As commander does, but a repeatable option that is empty at first says nothing of its default. */
function describeOption({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const byDefault = defaultValueDescription ?? (defaultValue === undefined || Array.isArray(defaultValue) ? undefined : String(defaultValue));
  const more = [...(argChoices === undefined ? [] : [argChoices.join(", ")]), ...(byDefault === undefined ? [] : [`default: ${byDefault}`])];
  return more.length === 0 ? description : `${description} (${more.join("; ")})`;
}

/** addCommand() alone leaves exitOverride and configureOutput behind, for commands of commands too, however deep. */
function add(parent: CommandUnknownOpts, command: CommandUnknownOpts): void {
  parent.addCommand(command.copyInheritedSettings(parent));
  inherit(command);
}

function inherit(command: CommandUnknownOpts): void {
  for (const child of command.commands) inherit(child.copyInheritedSettings(command));
}
