import type { RecordEvent } from "@sbx/contracts";
import type { SandboxParts, SandboxService } from "@sbx/core";
import type { DaemonConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { createSshAgents } from "../ssh/ssh-agents.ts";
import { createSharedDirectories } from "./shared-directories.ts";
import { createSkillStore } from "./skill-store.ts";

interface KitPlaceParts {
  readonly config: DaemonConfig;
  readonly scope: AsyncDisposableStack;
  readonly sandboxes: () => SandboxService;
  readonly record: RecordEvent;
  readonly log: Log;
}

/** What Kits are given of this machine: the person's skills and SSH agent, directories that their sandboxes share, and time for each hook. */
export function composeKitPlaces({ config, scope, sandboxes, record, log }: KitPlaceParts): Pick<SandboxParts, "skills" | "shares" | "ssh" | "hookLimitMs"> {
  const ssh = createSshAgents({
    config,
    sandbox: (id) => sandboxes().get(id).record,
    writable: () => sandboxes().writable(),
    record,
    onFault: (error) => log.error("ssh.failed", { error }),
  });
  return { skills: createSkillStore(config.configDirectory), shares: createSharedDirectories(config.stateDirectory), ssh: scope.use(ssh), hookLimitMs: config.hookLimitMs };
}
