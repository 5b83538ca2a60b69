import type { AgentConfig } from "./agent-capability.ts";
import type { ConfigOf } from "./capability-configs.ts";
import { agentTexts, INDEX_TITLE, type KitText } from "./kit-texts.ts";
import { withGatewayEntry } from "./mcp-file.ts";
import type { SeedFile } from "./profile.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import { renderFile, type ProfileFacts } from "./template.ts";

export interface ProfileFileSources {
  readonly home: string;
  readonly texts: readonly KitText[];
  /** Where the image begins, if it says so. */
  readonly workdir?: string | undefined;
  readonly lifecycle: ConfigOf<"com.docker.sandbox/lifecycle@1">["files"];
  readonly agent: AgentConfig["files"];
  readonly mcp: AgentConfig["mcp"];
}

/** Every file that a profile puts into the home: context, what the lifecycle lists, what our own capability lists, the gateway's entry. */
export function profileFiles({ home, texts, workdir, lifecycle, agent, mcp }: ProfileFileSources, facts: ProfileFacts): readonly SeedFile[] {
  const files = [
    ...contextFiles(texts, home, workdir),
    ...lifecycle.map(({ path, content, mode = "644", overwrite }) => ({ path, content, mode: Number.parseInt(mode, 8), overwrite })),
    ...agent.map(({ path, content, mode, overwrite }) => ({ path, content: renderFile(path, content, facts), mode: Number.parseInt(mode, 8), overwrite })),
  ];
  return withGatewayEntry(files, mcp, facts);
}

/** Texts for agents in the home, also beside where the image begins. What is there already stays before them. */
function contextFiles(texts: readonly KitText[], home: string, workdir: string | undefined): readonly SeedFile[] {
  const files = agentTexts(texts, workdir === undefined ? [] : [workdir], (path) => isWithin(path, home));
  return [...files].map(([path, content]) => ({ path, content, mode: 0o644, overwrite: false, appendUnless: INDEX_TITLE }));
}
