import type { AgentConfig } from "./agent-capability.ts";
import type { ConfigOf } from "./capability-configs.ts";
import { isCapability, type ReadCapability } from "./kit.ts";
import { withGatewayEntry } from "./mcp-file.ts";
import type { SeedFile } from "./profile.ts";
import { renderFile, type ProfileFacts } from "./template.ts";

export interface ProfileFileSources {
  readonly selected: readonly ReadCapability[];
  readonly lifecycle: ConfigOf<"com.docker.sandbox/lifecycle@1">["files"];
  readonly agent: AgentConfig["files"];
  readonly mcp: AgentConfig["mcp"];
}

/** Every file that a profile puts into the home: context, what the lifecycle lists, what our own capability lists, the gateway's entry. */
export function profileFiles({ selected, lifecycle, agent, mcp }: ProfileFileSources, facts: ProfileFacts): readonly SeedFile[] {
  const files = [
    ...contextFiles(selected),
    ...lifecycle.map(({ path, content, mode = "644", overwrite }) => ({ path, content, mode: Number.parseInt(mode, 8), overwrite })),
    ...agent.map(({ path, content, mode, overwrite }) => ({ path, content: renderFile(path, content, facts), mode: Number.parseInt(mode, 8), overwrite })),
  ];
  return withGatewayEntry(files, mcp, facts);
}

function contextFiles(selected: readonly ReadCapability[]): readonly SeedFile[] {
  return selected.flatMap((capability) => {
    if (!isCapability(capability, "com.docker.sandbox/agent-context@1")) return [];
    const { directory, filename, content } = capability.config;
    if (directory === undefined || filename === undefined || content === undefined) return [];
    return [{ path: `${directory.replace(/\/+$/u, "")}/${filename}`, content, mode: 0o644, overwrite: false }];
  });
}
