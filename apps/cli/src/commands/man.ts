import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

export const manCommand: MakeCommand = ({ io, version, cwd, home }) =>
  new Command("man")
    .description("Write the manual's pages, one for each command, into a directory")
    .argument("<directory>", "where to; made when it is not there")
    .addHelpText("after", "\nExamples:\n  $ sbx man ~/.local/share/man/man1 && man sbx-run")
    .action(async (directory, _options, self) => {
      const [{ mkdir, writeFile }, path, { manPages }, { absolutePath }] = await Promise.all([
        import("node:fs/promises"),
        import("node:path"),
        import("../help/man-page.ts"),
        import("../run/workspace-path.ts"),
      ]);
      const program = self.parent;
      if (program === null) return;
      const where = absolutePath(directory, { cwd, home });
      await mkdir(where, { recursive: true });
      const pages = manPages(program, version);
      for (const { file, text } of pages) await writeFile(path.join(where, file), text);
      io.out(`${pages.length} pages in ${where}\n`);
    });
