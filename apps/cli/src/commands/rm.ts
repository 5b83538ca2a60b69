import { Command } from "@commander-js/extra-typings";
import { EXIT } from "../exit-code.ts";
import type { MakeCommand } from "../command-table.ts";

export const rmCommand: MakeCommand = (context, setExit) =>
  new Command("rm")
    .description("Remove sandboxes with their home; the workspace stays")
    .argument("[sandbox...]", "names or ids")
    .option("-f, --force", "also those with a running session")
    .option("--all", "every sandbox")
    .addHelpText("after", "\nExamples:\n  $ sbx rm claude-app\n  $ sbx rm --all --force")
    .action(async (refs, { force, all }) => {
      const { AppError } = await import("@sbx/contracts/app-error");
      if (refs.length === 0 && all !== true) throw new AppError("USAGE", { message: "No sandbox is named", fix: "Name one of: sbx ls; or all of them with: sbx rm --all" });
      if (refs.length > 0 && all === true) throw new AppError("USAGE", { message: "Both names and --all are given", fix: "Leave one of the two out." });
      const { renderError } = await import("../render-error.ts");
      const { client } = await context.daemon.connect();
      const wanted = all === true ? (await client.listSandboxes({})).map(({ name }) => name) : refs;
      for (const sandbox of wanted) {
        try {
          await client.removeSandbox({ sandbox, ...(force === true ? { force: "true" } : {}) });
          context.io.out(`${sandbox}\n`);
        } catch (error) {
          // One that cannot be removed does not keep the others.
          if (!AppError.is(error)) throw error;
          setExit(Math.max(EXIT.failed, await renderError(error, context)));
        }
      }
    });
