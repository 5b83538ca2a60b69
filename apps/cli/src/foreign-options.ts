import { Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { ProblemCode } from "@sbx/contracts";

interface Foreign {
  readonly flags: string;
  readonly code: ProblemCode;
  readonly message: string;
  readonly fix: string;
}

const NOT_YET = "is not part of this version of sbx";

/** Options that people know from other sandbox tools, and what takes their place here. */
const FOREIGN: readonly Foreign[] = [
  {
    flags: "--credentials <mode>",
    code: "USAGE",
    message: "Credentials of the host never go into a sandbox, so there is no --credentials",
    fix: "Give the model's key to the daemon instead: sbx secret set NAME",
  },
  { flags: "--kit <source>", code: "PLATFORM_UNSUPPORTED", message: `Adding a Kit to an agent ${NOT_YET}`, fix: "Put the whole agent into a Kit's directory and name it: sbx run ./my-agent-kit" },
  { flags: "-v, --volume <spec>", code: "USAGE", message: "A directory of the host is mounted at its own path only, so there is no -v", fix: "Write: --add-dir PATH or --add-dir PATH:ro" },
  { flags: "--clone", code: "PLATFORM_UNSUPPORTED", message: `Working in a private clone ${NOT_YET}`, fix: "Make one yourself: git clone . ../copy && sbx run claude ../copy" },
  { flags: "--privileged", code: "USAGE", message: "A sandbox is never privileged", fix: "Leave --privileged out." },
  { flags: "-u, --user <user>", code: "USAGE", message: "The user in a sandbox is the one that owns the workspace, so there is no -u", fix: "Leave -u out." },
  { flags: "--network <mode>", code: "USAGE", message: "A sandbox has no network but the wall, so there is no --network", fix: "Allow hosts instead: --allow-host PATTERN" },
  { flags: "--allow-network <target>", code: "USAGE", message: "Here the option is called --allow-host", fix: "Write: --allow-host PATTERN" },
  { flags: "--cloud", code: "PLATFORM_UNSUPPORTED", message: "Sandboxes run on this machine only", fix: "Leave --cloud out." },
];

/** Make a command answer options of other tools with what to do instead, in place of "unknown option". Hidden from its help. */
export function refuseForeignOptions<C extends CommandUnknownOpts>(command: C, names?: readonly string[]): C {
  for (const foreign of FOREIGN) {
    const option = new Option(foreign.flags).hideHelp();
    if (names !== undefined && !names.includes(option.name())) continue;
    command.addOption(option);
    command.hook("preAction", async (_this, action) => {
      if (action.getOptionValue(option.attributeName()) === undefined) return;
      const { AppError } = await import("@sbx/contracts");
      throw new AppError(foreign.code, { message: foreign.message, fix: foreign.fix });
    });
  }
  return command;
}
