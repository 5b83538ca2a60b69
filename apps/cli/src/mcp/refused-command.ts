import { Command, Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { ProblemCode } from "@sbx/contracts";
import { parseBoolean } from "./boolean-option.ts";

/** Why something that people know from Docker's tools is not done here, and what to do instead. */
export interface Refusal {
  readonly message: string;
  readonly fix: string;
  readonly code?: ProblemCode;
}

/** A command of Docker's that answers with what to do instead, whatever follows it. Hidden from help. */
export function refusedCommand(name: string, refusal: Refusal): CommandUnknownOpts {
  return new Command(name)
    .description(refusal.message)
    .argument("[words...]")
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async () => {
      throw await problemOf(refusal);
    });
}

/** Make a command answer options of Docker's that have no meaning here. `unless` is a value that says what holds anyway. */
export function refuseOptions<C extends CommandUnknownOpts>(command: C, options: Readonly<Record<string, Refusal & { readonly unless?: string | boolean }>>): C {
  for (const [flags, refusal] of Object.entries(options)) {
    const option = new Option(flags).hideHelp();
    if (flags.endsWith("[bool]")) option.argParser(parseBoolean);
    command.addOption(option);
    command.hook("preAction", async (_this, action) => {
      const value: unknown = action.getOptionValue(option.attributeName());
      if (value === undefined || value === refusal.unless) return;
      throw await problemOf(refusal);
    });
  }
  return command;
}

async function problemOf({ message, fix, code = "PLATFORM_UNSUPPORTED" }: Refusal): Promise<Error> {
  const { AppError } = await import("@sbx/contracts/app-error");
  return new AppError(code, { message, fix });
}
