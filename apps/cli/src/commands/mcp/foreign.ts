import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { refusedCommand } from "../../mcp/refused-command.ts";

/** Commands of Docker's toolkit that are answered with what takes their place. */
export function foreignCommands({ io, version }: Context): readonly CommandUnknownOpts[] {
  return [
    new Command("version").description("print the version").action(() => {
      io.out(`${version}\n`);
    }),
    refusedCommand("feature", {
      message: "There are no features to switch on or off: management tools are always offered, and tools are told apart by their catalog's prefix",
      fix: "To offer certain servers and no management tools: sbx mcp gateway run --servers A,B",
    }),
    refusedCommand("oauth", {
      message: "Signing in at remote servers is not part of this version of sbx",
      fix: "Use a server that takes a token, and keep the token as a secret: sbx secret set NAME",
    }),
    refusedCommand("policy", {
      message: "What servers may be used is not decided by a policy of Docker's here",
      fix: "What a sandbox may reach: sbx policy ls; which servers agents may add: sbx mcp server allow --help",
    }),
    refusedCommand("registry", { message: "A server.json is read as it is and need not be converted", fix: "Import it: sbx mcp catalog import FILE" }),
  ];
}
