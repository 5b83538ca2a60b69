import { Command } from "@commander-js/extra-typings";
import { withExamples } from "../../mcp/present.ts";
import type { MakeCommand } from "../../command-table.ts";

/** Come over from Docker's toolkit. */
export const importDockerCommand: MakeCommand = (context) => {
  const command = new Command("import-docker")
    .description("Take over what Docker's MCP Toolkit keeps in files: catalogs, enabled servers, configuration, tools")
    .argument("[directory]", "where it keeps them (default: ~/.docker/mcp)")
    .option("--dry-run", "only say what would be taken over")
    .option("--force", "replace what is enabled and configured here");
  return withExamples(command, "import-docker --dry-run", "import-docker").action(async (directory, { dryRun, force }) => {
    await (await import("../../mcp/import-docker.ts")).importDocker(context, directory ?? "~/.docker/mcp", { dryRun: dryRun === true, force: force === true });
  });
};
