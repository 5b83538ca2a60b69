import { Command } from "@commander-js/extra-typings";
import { EXIT } from "../exit-code.ts";
import type { MakeCommand } from "../command-table.ts";

export const doctorCommand: MakeCommand = (context, setExit) =>
  new Command("doctor")
    .description("Say whether this machine is ready, and what to mend; exit code 1 when it is not")
    .option("--json", "print one JSON document")
    .option("--fix", "mend what needs no decision of yours, then look again")
    .option("--bundle <file>", "write what helps others to find a fault into a text file, without credentials, names and hosts; read it before you send it")
    .addHelpText("after", "\nExamples:\n  $ sbx doctor\n  $ sbx doctor --fix\n  $ sbx doctor --bundle sbx-report.txt\n  $ sbx doctor --json | jq '.[] | select(.state != \"ok\")'")
    .action(async ({ json, fix, bundle }) => {
      if (bundle !== undefined) {
        context.io.out(`${await (await import("../doctor/write-bundle.ts")).writeBundle(context, bundle)}\n`);
        return;
      }
      if (!(await (await import("../doctor/run-doctor.ts")).runDoctor(context, { json, fix: fix === true }))) setExit(EXIT.no);
    });
