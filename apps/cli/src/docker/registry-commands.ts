import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { RegistryRule } from "@sbx/contracts";
import type { Context } from "../context.ts";

const IMAGES = "registry.example.org/team/app, …/team/* (one level), …/team/** (any depth), postgres:16; :TAG or @sha256:… may follow";
const FOR = "only for this sandbox (default: for all of yours)";
const WHAT = {
  pull: ["Let agents bring images from a registry", "Take images from those that agents may bring"],
  push: ["Let agents give images to a registry", "Take images from those that agents may give away"],
} as const;

type Action = RegistryRule["action"];

/** `sbx docker rules`. */
export function rulesCommand(context: Context): CommandUnknownOpts {
  return new Command("rules")
    .description("List which images agents may bring from registries and give to them")
    .option("--sandbox <name>", "with the rules of this sandbox")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx docker rules\n  $ sbx docker rules --sandbox shell-app --json")
    .action(async (options) => {
      await (await import("./registry-rules.ts")).listRegistryRules(context, options);
    });
}

/** `sbx docker allow-pull` and `allow-push`. */
export function allowRegistryCommand(context: Context, action: Action): CommandUnknownOpts {
  return new Command(`allow-${action}`)
    .description(WHAT[action][0])
    .argument("<images>", IMAGES)
    .option("--sandbox <name>", FOR)
    .option("--secret <name>", "the secret with the login for it, kept as USER:PASSWORD")
    .addHelpText("after", `\nExamples:\n  $ sbx docker allow-${action} 'registry.example.org/team/*'\n  $ sbx docker allow-${action} ghcr.io/team/app --secret ghcr --sandbox shell-app`)
    .action(async (images, { sandbox, secret }) => {
      await (await context.daemon.connect()).client.allowRegistry({ action, images, sandbox, secret });
      context.io.out(`${images}\n`);
    });
}

/** `sbx docker deny-pull` and `deny-push`. */
export function denyRegistryCommand(context: Context, action: Action): CommandUnknownOpts {
  return new Command(`deny-${action}`)
    .description(WHAT[action][1])
    .argument("<images>", "as sbx docker rules shows it")
    .option("--sandbox <name>", "a rule of this sandbox")
    .addHelpText("after", `\nExamples:\n  $ sbx docker deny-${action} 'registry.example.org/team/*'`)
    .action(async (images, { sandbox }) => {
      await (await context.daemon.connect()).client.denyRegistry({ action, images, sandbox });
      context.io.out(`${images}\n`);
    });
}
