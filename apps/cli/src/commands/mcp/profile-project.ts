import { Command, InvalidArgumentError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";

const PLACE = ["[path]", "directory of the project (default: this one)"] as const;

/** Commands about the servers that a project offers: nothing of them is used before somebody says so. */
export function profileProjectCommands(context: Context): readonly CommandUnknownOpts[] {
  return [offeredCommand(context), activateCommand(context), declineCommand(context), deactivateCommand(context)];
}

function offeredCommand(context: Context): CommandUnknownOpts {
  const command = new Command("offered")
    .description("Show the servers that a project offers in .sbx/mcp.yaml or profiles.json")
    .argument(...PLACE)
    .addOption(formatOption())
    .addOption(jsonOption());
  return withExamples(command, "profile offered", "profile offered ~/src/app --json").action(async (place, options) => {
    await (await import("../../mcp/project-offer.ts")).showOffer(context, place ?? ".", options);
  });
}

function activateCommand(context: Context): CommandUnknownOpts {
  const command = new Command("activate")
    .description("Use the servers that a project offers in its sandboxes, as its file has them now")
    .argument("<hash>", "beginning of the hash that sbx mcp profile offered shows: of what you looked at", parseHash)
    .argument(...PLACE);
  return withExamples(command, "profile activate 3f2a9c01d4e5", "profile activate 3f2a9c01d4e5 ~/src/app").action(async (sha256, place) => {
    await (await import("../../mcp/project-offer.ts")).decideOffer(context, { place: place ?? ".", sha256, decision: "activate" });
  });
}

function declineCommand(context: Context): CommandUnknownOpts {
  const command = new Command("decline").description("Do not be offered the servers of a project again, until its file changes").argument(...PLACE);
  return withExamples(command, "profile decline").action(async (place) => {
    await (await import("../../mcp/project-offer.ts")).decideOffer(context, { place: place ?? ".", sha256: undefined, decision: "decline" });
  });
}

function deactivateCommand(context: Context): CommandUnknownOpts {
  const command = new Command("deactivate").description("Use the servers of a project no more").argument(...PLACE);
  return withExamples(command, "profile deactivate").action(async (place) => {
    await (await import("../../mcp/project-offer.ts")).leaveProject(context, place ?? ".");
  });
}

function parseHash(text: string): string {
  if (/^[0-9a-f]{12,64}$/.test(text)) return text;
  throw new InvalidArgumentError("write at least 12 digits of the hash that sbx mcp profile offered shows.");
}
