import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "./context.ts";

/** How a command says with which code the process ends; without a word it is 0. */
export type SetExit = (code: number) => void;
export type MakeCommand = (context: Context, setExit: SetExit) => CommandUnknownOpts;
/** Brings a command in. */
export type Load = () => Promise<MakeCommand>;

/** Every command by its name, in the groups and order of the help. A command is loaded where it is needed. */
export const COMMANDS: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  "Sandboxes:": {
    run: async () => (await import("./commands/run.ts")).runCommand,
    create: async () => (await import("./commands/create.ts")).createCommand,
    attach: async () => (await import("./commands/attach.ts")).attachCommand,
    open: async () => (await import("./commands/open.ts")).openCommand,
    exec: async () => (await import("./commands/exec.ts")).execCommand,
    acp: async () => (await import("./commands/acp.ts")).acpCommand,
    cp: async () => (await import("./commands/cp.ts")).cpCommand,
    paste: async () => (await import("./commands/paste.ts")).pasteCommand,
    copied: async () => (await import("./commands/copied.ts")).copiedCommand,
    ports: async () => (await import("./commands/ports.ts")).portsCommand,
    ls: async () => (await import("./commands/ls.ts")).lsCommand,
    stats: async () => (await import("./commands/stats.ts")).statsCommand,
    inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
    logs: async () => (await import("./commands/logs.ts")).logsCommand,
    stop: async () => (await import("./commands/start-stop.ts")).stopCommand,
    start: async () => (await import("./commands/start-stop.ts")).startCommand,
    install: async () => (await import("./commands/install.ts")).installCommand,
    save: async () => (await import("./commands/save.ts")).saveCommand,
    template: async () => (await import("./commands/template.ts")).templateCommand,
    recreate: async () => (await import("./commands/recreate.ts")).recreateCommand,
    rename: async () => (await import("./commands/rename.ts")).renameCommand,
    rm: async () => (await import("./commands/rm.ts")).rmCommand,
    prune: async () => (await import("./commands/prune.ts")).pruneCommand,
  },
  "The wall:": {
    policy: async () => (await import("./commands/policy.ts")).policyCommand,
    events: async () => (await import("./commands/events.ts")).eventsCommand,
    secret: async () => (await import("./commands/secret.ts")).secretCommand,
  },
  "Tools for agents:": {
    mcp: async () => (await import("./commands/mcp.ts")).mcpCommand,
    docker: async () => (await import("./commands/docker.ts")).dockerCommand,
    "docker-guard": async () => (await import("./commands/docker-guard.ts")).dockerGuardCommand,
  },
  "This machine:": {
    agents: async () => (await import("./commands/agents.ts")).agentsCommand,
    kit: async () => (await import("./commands/kit.ts")).kitCommand,
    daemon: async () => (await import("./commands/daemon.ts")).daemonCommand,
    doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
    completion: async () => (await import("./commands/completion.ts")).completionCommand,
    man: async () => (await import("./commands/man.ts")).manCommand,
    help: async () => (await import("./commands/help.ts")).helpCommand,
    version: async () => (await import("./commands/version.ts")).versionCommand,
  },
};

/** What `sbx` says without arguments, and what shells ask it. */
export const HIDDEN_COMMANDS: Readonly<Record<string, Load>> = {
  welcome: async () => (await import("./commands/welcome.ts")).welcomeCommand,
  __complete: async () => (await import("./commands/completion.ts")).completeCommand,
};
