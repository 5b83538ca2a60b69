import { Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { ProblemCode } from "@sbx/contracts";

interface Foreign {
  readonly flags: string;
  readonly code: ProblemCode;
  readonly message: string;
  readonly fix: string;
}

const NOT_YET = "is not part of this version of sbx";
const LOCAL: Pick<Foreign, "code" | "message"> = { code: "PLATFORM_UNSUPPORTED", message: "Sandboxes run on this machine only" };
const MODEL: Pick<Foreign, "code" | "fix"> = { code: "PLATFORM_UNSUPPORTED", fix: "Choose between the provider's model and the bundled one: --model provider or --model scripted" };

/** Options that people know from other sandbox tools, and what takes their place here. */
const FOREIGN: readonly Foreign[] = [
  {
    flags: "--credentials <mode>",
    code: "USAGE",
    message: "Credentials of the host never go into a sandbox, so there is no --credentials",
    fix: "Give the model's key to the daemon instead: sbx secret set NAME",
  },
  { flags: "--kit-arg <name=value>", code: "USAGE", message: "Here the option is called --arg", fix: "Write: --arg NAME=VALUE" },
  { flags: "--clone", code: "PLATFORM_UNSUPPORTED", message: `Working in a private clone ${NOT_YET}`, fix: "Make one yourself: git clone . ../copy && sbx run claude ../copy" },
  { flags: "-v, --volume <spec>", code: "USAGE", message: "A directory of the host is mounted when a sandbox is made, and not for a single command", fix: "Write: sbx run --add-dir PATH AGENT" },
  { flags: "--privileged", code: "USAGE", message: "A sandbox is never privileged", fix: "Leave --privileged out." },
  { flags: "-u, --user <user>", code: "USAGE", message: "The user in a sandbox is the one that owns the workspace, so there is no -u", fix: "Leave -u out." },
  { flags: "--network <mode>", code: "USAGE", message: "A sandbox has no network but the wall, so there is no --network", fix: "Allow hosts instead: --allow-host PATTERN" },
  { flags: "--allow-network <target>", code: "USAGE", message: "Here the option is called --allow-host", fix: "Write: --allow-host PATTERN" },
  { flags: "--deny-network <target>", code: "USAGE", message: "What no rule allows is denied anyway", fix: "To deny what a rule of yours allows: sbx policy deny HOST --sandbox SANDBOX" },
  { flags: "--pull <when>", code: "USAGE", message: "Images are made here once and not pulled, so there is no --pull", fix: "Leave --pull out." },
  { flags: "--pull-template <when>", code: "USAGE", message: "Images are made here once and not pulled, so there is no --pull-template", fix: "Leave it out." },
  { flags: "--load-local-template", code: "USAGE", message: "Templates are local ones always", fix: "Leave it out." },
  { flags: "--image-ref <image>", ...LOCAL, fix: "For an image of your own write a Kit with a Dockerfile: sbx help templates" },
  { flags: "--profile <name>", code: "PLATFORM_UNSUPPORTED", message: "There are no profiles of sandboxes", fix: "Write the options out, or into a script" },
  { flags: "--static-mcp <servers>", code: "USAGE", message: "Which MCP servers a sandbox has is decided beside it", fix: "Enable them: sbx mcp server enable NAME" },
  { flags: "--gpu [what]", code: "PLATFORM_UNSUPPORTED", message: `Giving a sandbox a graphics processor ${NOT_YET}`, fix: "Leave --gpu out." },
  { flags: "--provider <name>", ...MODEL, message: `Choosing another provider of models than the agent's ${NOT_YET}` },
  { flags: "--overflow-provider <name>", ...MODEL, message: `A second provider of models ${NOT_YET}` },
  { flags: "--overflow-model <name>", ...MODEL, message: `A second model ${NOT_YET}` },
  { flags: "--ttl <time>", ...LOCAL, fix: "End the run after a time: --deadline 1h" },
  { flags: "--on-timeout <what>", ...LOCAL, fix: "End the run after a time: --deadline 1h" },
  { flags: "--cloud", ...LOCAL, fix: "Leave --cloud out." },
  { flags: "--cloud-api-url <url>", ...LOCAL, fix: "Leave it out." },
];

/** Make a command answer options of other tools with what to do instead, in place of "unknown option". Hidden from its help. */
export function refuseForeignOptions<C extends CommandUnknownOpts>(command: C, names?: readonly string[]): C {
  const own = new Set(command.options.map((option) => option.name()));
  for (const foreign of FOREIGN) {
    const option = new Option(foreign.flags).hideHelp();
    if (own.has(option.name()) || (names !== undefined && !names.includes(option.name()))) continue;
    command.addOption(option);
    command.hook("preAction", async (_this, action) => {
      if (action.getOptionValue(option.attributeName()) === undefined) return;
      const { AppError } = await import("@sbx/contracts/app-error");
      throw new AppError(foreign.code, { message: foreign.message, fix: foreign.fix });
    });
  }
  return command;
}
