import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { EngineId } from "../ports/engine.ts";
import type { TemplateRecord } from "../template/template-record.ts";
import type { Progress } from "./progress.ts";
import type { SandboxParts } from "./sandbox-parts.ts";

interface ImageWork {
  readonly request: Pick<CreateSandbox, "docker">;
  readonly profile: AgentProfile;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Make the image that a sandbox is made of, from its Kits or from a template. @throws AppError `BUILD_FAILED`, `IMAGE_UNAVAILABLE`, `KIT_UNSUPPORTED` */
export async function agentImage(parts: SandboxParts, work: ImageWork, template: TemplateRecord | undefined): Promise<EngineId> {
  const { request, profile, progress, signal } = work;
  const images = await parts.images();
  const { name, directory, dockerfile, buildArgs: args, layers } = profile;
  return await progress.step(`image of ${template?.name ?? name}`, (line) =>
    template === undefined ? images.agent({ name, directory, dockerfile, args, layers, docker: request.docker !== "none" }, line, signal) : imageOfTemplate(parts, work, { template, line }),
  );
}

/** What was saved, with Docker's command line where the sandbox is to have a Docker API and it was saved without. */
async function imageOfTemplate(
  parts: SandboxParts,
  { request, profile, signal }: ImageWork,
  { template, line }: { readonly template: TemplateRecord; readonly line: (text: string) => void },
): Promise<EngineId> {
  const [mixin] = profile.layers;
  if (mixin !== undefined)
    throw new AppError("KIT_UNSUPPORTED", {
      message: `The mixin "${mixin.name}" brings files, which are not laid over a template`,
      fix: "Save the template from a sandbox with the mixin, or leave --template out.",
    });
  const layers = await parts.layers();
  const image = await layers.find(template.image);
  if (image === undefined)
    throw new AppError("IMAGE_UNAVAILABLE", {
      message: `The image of the template "${template.name}" is not in the engine any more`,
      fix: `Take the template away with: sbx template rm ${template.name}; and save it again`,
    });
  return request.docker === "none" || template.docker ? image : await layers.docker({ from: image }, line, signal);
}
