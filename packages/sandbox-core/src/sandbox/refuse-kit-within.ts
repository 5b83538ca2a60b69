import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import { isWithin } from "../workspace/protected-paths.ts";

/**
 * A Kit decides what its agent may do, and its recipe is built on the host: an agent must not be able to write it. Kits
 * that are named and not pointed at lie where no workspace can be, or come with sbx.
 *
 * @throws AppError `KIT_INVALID`
 */
export function refuseKitWithin({ workspace, extra }: Pick<CreateSandbox, "workspace" | "extra">, profile: Pick<AgentProfile, "kits">, writable: readonly string[]): void {
  const places = [workspace, ...extra.filter((one) => !one.readonly).map(({ path }) => path), ...writable];
  for (const { reference, directory } of profile.kits) {
    const within = reference.includes("/") ? places.find((path) => isWithin(directory, path)) : undefined;
    if (within === undefined) continue;
    throw new AppError("KIT_INVALID", {
      message: `The Kit ${directory} lies in ${within}, where an agent may write`,
      fix: `Copy it to where no sandbox writes, for example: cp -r '${directory}' ~/.config/sbx/agents/`,
    });
  }
}
