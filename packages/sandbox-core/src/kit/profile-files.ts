import type { AgentConfig } from "./agent-capability.ts";
import type { ConfigOf } from "./capability-configs.ts";
import { cleanPath } from "./declaration-keys.ts";
import { isCapability, type ReadCapability } from "./kit.ts";
import { withGatewayEntry } from "./mcp-file.ts";
import type { SeedFile } from "./profile.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import { renderFile, type ProfileFacts } from "./template.ts";

export interface ProfileFileSources {
  readonly home: string;
  readonly selected: readonly ReadCapability[];
  readonly lifecycle: ConfigOf<"com.docker.sandbox/lifecycle@1">["files"];
  readonly agent: AgentConfig["files"];
  readonly mcp: AgentConfig["mcp"];
}

/** Every file that a profile puts into the home: context, what the lifecycle lists, what our own capability lists, the gateway's entry. */
export function profileFiles({ home, selected, lifecycle, agent, mcp }: ProfileFileSources, facts: ProfileFacts): readonly SeedFile[] {
  const files = [
    ...contextFiles(selected, home),
    ...lifecycle.map(({ path, content, mode = "644", overwrite }) => ({ path, content, mode: Number.parseInt(mode, 8), overwrite })),
    ...agent.map(({ path, content, mode, overwrite }) => ({ path, content: renderFile(path, content, facts), mode: Number.parseInt(mode, 8), overwrite })),
  ];
  return withGatewayEntry(files, mcp, facts);
}

function contextFiles(selected: readonly ReadCapability[], home: string): readonly SeedFile[] {
  return selected.flatMap((capability) => {
    if (!isCapability(capability, "com.docker.sandbox/agent-context@1")) return [];
    const { directory, filename, content } = capability.config;
    if (directory === undefined || filename === undefined || content === undefined) return [];
    const path = cleanPath(`${directory}/${filename}`);
    return isWithin(path, home) ? [{ path, content, mode: 0o644, overwrite: false }] : [];
  });
}
