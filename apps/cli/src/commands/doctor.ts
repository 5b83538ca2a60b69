import { Command } from "@commander-js/extra-typings";
import { EXIT } from "../exit-code.ts";
import type { MakeCommand } from "../program.ts";

export const doctorCommand: MakeCommand = (context, setExit) =>
  new Command("doctor")
    .description("Say whether this machine is ready, and what to mend; exit code 1 when it is not")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx doctor\n  $ sbx doctor --json | jq '.[] | select(.state != \"ok\")'")
    .action(async ({ json }) => {
      if (!(await (await import("../doctor/run-doctor.ts")).runDoctor(context, json))) setExit(EXIT.no);
    });
