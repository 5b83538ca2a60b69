import path from "node:path";
import { ServerName, type AppError } from "@sbx/contracts";
import * as z from "zod";
import { bySchema } from "../store/parse-yaml.ts";
import { YamlFile } from "../store/yaml-file.ts";
import { removeAt } from "../store/edit-path.ts";

/** What a person decided about the file of one project, by its content. */
const Decision = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), decision: z.enum(["activated", "declined"]), profile: ServerName.optional() });
export type Decision = z.infer<typeof Decision>;

/** By the project's directory, the newest decision last. */
const ProjectsFile = z.strictObject({
  projects: z
    .record(z.string().startsWith("/").max(4096), z.array(Decision).max(100))
    .nullish()
    .transform((value) => value ?? {}),
});

/** `projects.yaml`: what a person decided about projects' files of servers. One that cannot be read activates nothing. */
export class ProjectFiles {
  readonly #file: YamlFile<z.infer<typeof ProjectsFile>>;

  constructor(directory: string, onBroken: (problem: AppError) => void) {
    const file = path.join(directory, "projects.yaml");
    this.#file = new YamlFile({ file, parse: bySchema(ProjectsFile, file), onBroken });
  }

  stamp(): string {
    return this.#file.stamp();
  }

  decisions(workspace: string): readonly Decision[] {
    try {
      const { projects } = this.#file.read();
      return Object.hasOwn(projects, workspace) ? (projects[workspace] ?? []) : [];
    } catch {
      return [];
    }
  }

  /** The profile that is active in a project; the newest activation counts. */
  active(workspace: string): Decision | undefined {
    return this.decisions(workspace).findLast(({ decision }) => decision === "activated");
  }

  /** Whether any project still uses a profile. */
  uses(profile: string): boolean {
    return Object.values(this.#file.read().projects).some((decisions) => decisions.some((one) => one.profile === profile));
  }

  /** @throws AppError `CONFIG_INVALID` when the file is broken */
  put(workspace: string, decisions: readonly Decision[]): void {
    this.#file.edit((document) => {
      if (decisions.length === 0) removeAt(document, ["projects", workspace], 1);
      else document.setIn(["projects", workspace], document.createNode(decisions));
    });
  }
}
