import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { refusedCommand, type Refusal } from "./mcp/refused-command.ts";

const NOT_NEEDED = "Nobody signs in here: there is no account, and nothing is sent anywhere";

/** Commands that people know from Docker's sandboxes, and what takes their place here. */
const FOREIGN: Readonly<Record<string, Refusal>> = {
  login: { code: "USAGE", message: NOT_NEEDED, fix: "Leave it out. The model's key goes to: sbx secret set anthropic" },
  logout: { code: "USAGE", message: NOT_NEEDED, fix: "To end all sandboxes: sbx rm --all" },
  diagnose: { code: "USAGE", message: "Here the command is called doctor", fix: "Write: sbx doctor; for a report to send: sbx doctor --bundle FILE" },
  reset: { code: "USAGE", message: "Nothing removes sandboxes, rules and secrets in one step", fix: "Write: sbx rm --all; rules are in sbx policy ls, secrets in sbx secret ls" },
  setup: { code: "USAGE", message: "There is nothing to set up before a run", fix: "See what this machine lacks with: sbx doctor; take keys of this terminal over with: sbx secret import" },
  settings: { code: "USAGE", message: "There are no settings beside rules, secrets and a few variables", fix: "See: sbx help environment; sbx policy ls; sbx secret ls" },
  env: { message: "Files that describe sandboxes are not part of this version of sbx", fix: "Put the options into a script: sbx run [options] AGENT" },
  move: { message: "Sandboxes run on this machine only", fix: "Save what one is made of with: sbx save SANDBOX NAME" },
  ttl: { message: "Sandboxes run on this machine only, and as long as they are wanted", fix: "End a run after a time with: sbx run --deadline 1h AGENT" },
  volume: { message: "A sandbox has one volume, its home, which goes with it", fix: "Mount directories with: sbx run --add-dir PATH AGENT" },
  skills: {
    code: "USAGE",
    message: "Skills are directories of yours, which agents are shown read-only",
    fix: "Put them into ~/.config/sbx/skills; to leave them out of one sandbox: sbx run --skills off AGENT",
  },
  tui: { message: "There is no dashboard in the terminal", fix: "Watch with: sbx stats; sbx events -f" },
  ssh: { message: "Sandboxes are not reached by SSH", fix: "Open a shell with: sbx exec SANDBOX bash" },
  network: { code: "USAGE", message: "Here rules are called policy, and the log of the network is in the events", fix: "Write: sbx policy allow HOST; sbx events -f" },
};

/** Ways of Docker's to say something about rules. */
const POLICY: Readonly<Record<string, Refusal>> = {
  init: { code: "USAGE", message: "Rules need no beginning: what no rule allows is denied", fix: "Allow what is needed: sbx policy allow HOST" },
  "set-default": { code: "USAGE", message: "What no rule allows is denied, and that cannot be changed", fix: "Allow what is needed: sbx policy allow HOST" },
  log: { code: "USAGE", message: "Here refusals and connections are among the events", fix: "Write: sbx events --sandbox SANDBOX" },
  reset: { code: "USAGE", message: "Rules are removed one by one", fix: "See them with: sbx policy ls; then: sbx policy rm RULE" },
  inspect: { code: "USAGE", message: "Here the command is called why", fix: "Write: sbx policy why HOST" },
  profile: { message: "There are no profiles of rules: an agent's own come with its Kit", fix: "See: sbx policy ls --sandbox SANDBOX" },
  approval: { message: "A refusal is not asked about while it waits: it is said, with the command that allows it", fix: "See: sbx events -f" },
};

const TEMPLATE: Readonly<Record<string, Refusal>> = {
  load: { message: "Templates are not read from files: whoever writes one decides what runs in a sandbox", fix: "Share a Kit, a directory that is read before it is built: sbx help templates" },
};

const refusals = (all: Readonly<Record<string, Refusal>>) => (): readonly CommandUnknownOpts[] => Object.entries(all).map(([name, refusal]) => refusedCommand(name, refusal));

/** Commands of Docker's sandboxes that answer with ours. */
export const foreignCommands = refusals(FOREIGN);
export const foreignPolicyCommands = refusals(POLICY);
export const foreignTemplateCommands = refusals(TEMPLATE);
