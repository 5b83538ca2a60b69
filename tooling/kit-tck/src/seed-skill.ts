import { chown, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** The user of the agents' images, to whom workspaces belong. */
const AGENT_ID = 1000;

/** What the suite looks for. */
const NAME = "kit-tck-marker-skill";

/** Put the skill that the suite looks for among those of the daemon's person. Where the daemon has no configuration of its own they are a real person's, and nothing is written. */
export async function seedSkill(configDirectory: string | undefined): Promise<void> {
  if (configDirectory === undefined) return;
  const directory = path.join(configDirectory, "skills", NAME);
  await mkdir(directory, { recursive: true });
  // As where the person is whom the workspaces belong to.
  if (process.getuid?.() === 0) await chown(path.dirname(directory), AGENT_ID, AGENT_ID);
  await writeFile(path.join(directory, "SKILL.md"), `---\nname: ${NAME}\ndescription: Shows that skills are shown.\n---\n`);
}
