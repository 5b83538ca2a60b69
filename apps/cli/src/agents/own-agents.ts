import path from "node:path";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";

const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const MAX_NAME = 64;

/** Where a person's own Kits lie, as the daemon looks for them. */
export function ownAgentsDirectory({ env, home }: Pick<Context, "env" | "home">): string {
  const config = env["SBX_CONFIG_DIR"] ?? path.join(env["XDG_CONFIG_HOME"] ?? path.join(home, ".config"), "sbx");
  return path.join(config, "agents");
}

/** Refuse what cannot be an agent's name. @throws AppError `USAGE` */
export function checkAgentName(name: string): string {
  if (NAME.test(name) && name.length <= MAX_NAME) return name;
  throw new AppError("USAGE", { message: `"${name.slice(0, 100)}" cannot be an agent's name`, fix: "Take small letters and digits, with single dots, dashes or underscores between them: my-agent" });
}
