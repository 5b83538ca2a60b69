import { AppError } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import { labelsOf } from "../sandbox/labels.ts";
import { profileFacts, seedPath } from "../sandbox/prepare-home.ts";
import type { Progress } from "../sandbox/progress.ts";
import type { SandboxParts } from "../sandbox/sandbox-parts.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import { openHome } from "./home-reader.ts";
import { leftOutOfHome } from "./left-out.ts";
import type { TemplateRecord } from "./template-record.ts";

const MOST_LEFT_OUT = 200;

/** What to save, and under which name. */
export interface SaveWork {
  readonly record: SandboxRecord;
  readonly profile: AgentProfile;
  readonly name: string;
  /** Paths of the home, `.` for all of it; without any nothing of it is taken. */
  readonly home: readonly string[];
  readonly replace: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Save a sandbox as a template: the image of its agent with the packages that its person installed, and of its home what is
 * named. Rules, variables, mounts, ports and the workspace are the sandbox's own and stay with it.
 *
 * An agent can write nothing of an image; of a home it can write all, which is why nothing of that goes along unsaid.
 *
 * @throws AppError `NAME_TAKEN`, `PATH_NOT_FOUND`, `BUILD_FAILED`
 */
export async function saveTemplate(parts: SandboxParts, work: SaveWork): Promise<TemplateRecord> {
  const { record, name, replace } = work;
  const before = parts.templates.list().find((one) => one.name === name);
  if (before !== undefined && !replace) throw new AppError("NAME_TAKEN", { message: `There is a template "${name}" already`, fix: "Choose another name, or take its place with: --replace" });
  const made = await makeImage(parts, work);
  const template: TemplateRecord = {
    version: 1,
    name,
    agent: record.request.agent,
    createdAt: parts.now().toISOString(),
    image: made.image,
    reference: made.reference,
    packages: [...(record.packages ?? [])],
    home: [...work.home],
    leftOut: made.leftOut.slice(0, MOST_LEFT_OUT),
    docker: record.request.docker !== "none" || parts.templates.list().some((one) => one.name === record.request.template && one.docker),
  };
  parts.templates.put(template);
  parts.record({ type: "sandbox.saved", sandbox: record.id, fields: { name: record.name, template: name, home: work.home.join(", ").slice(0, 500) } });
  // Sandboxes that were made of the one before keep its image.
  if (before !== undefined) await (await parts.layers()).remove(before.reference).catch(() => undefined);
  return template;
}

async function makeImage(
  parts: SandboxParts,
  { record, profile, home: named, progress, signal }: SaveWork,
): Promise<{ readonly image: string; readonly reference: string; readonly leftOut: readonly string[] }> {
  const layers = await parts.layers();
  const layer = { from: record.image, home: record.homeDirectory };
  if (named.length === 0) return await progress.step("template", (line) => layers.template(layer, line, signal));
  const engine = await parts.engine();
  const gateImage = await progress.step("gate image", async (line) => await (await parts.images()).gate(line, signal));
  const home = `${record.homeDirectory}/`;
  const seeded = profile.seedFiles(profileFacts(record)).map((file) => seedPath(file, record));
  const own = seeded.filter((path) => path.startsWith(home)).map((path) => path.slice(home.length));
  await using opened = await openHome(engine, { record, gateImage, labels: labelsOf(parts.owner, record.id, "home"), paths: named, signal });
  const files = { tar: opened.tar, leaveOut: leftOutOfHome({ named, own }) };
  const made = await progress.step("template", (line) => layers.template({ ...layer, files }, line, signal));
  try {
    await opened.read;
  } catch (error) {
    await layers.remove(made.reference).catch(() => undefined);
    throw error;
  }
  return made;
}

/** The template that a new sandbox is to start from. @throws AppError `TEMPLATE_UNKNOWN`, `USAGE` for one of another agent */
export function templateOf(parts: Pick<SandboxParts, "templates">, { template: name, agent }: { readonly template?: string | undefined; readonly agent: string }): TemplateRecord | undefined {
  if (name === undefined) return undefined;
  const found = parts.templates.list().find((one) => one.name === name);
  if (found === undefined)
    throw new AppError("TEMPLATE_UNKNOWN", {
      message: `There is no template "${name}"`,
      fix: "Save one with: sbx save SANDBOX NAME; those that are there: sbx template ls. For an image of your own write a Kit with a Dockerfile: sbx help templates",
    });
  if (found.agent !== agent)
    throw new AppError("USAGE", {
      message: `The template "${name}" was saved from a sandbox of "${found.agent}", and "${agent}" is asked for`,
      fix: `Name the agent that it has: sbx run --template ${name} ${found.agent}`,
    });
  return found;
}
