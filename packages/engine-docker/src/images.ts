import { finished, type Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import type { CommitRequest, EngineId, ImageEngine } from "@sbx/core";
import type Docker from "dockerode";
import { buildImage } from "./build-image.ts";
import { checkId } from "./containers.ts";
import { ask, askUnless, engineFailed, reasonOf } from "./docker-error.ts";
import { readProgress } from "./progress-lines.ts";
import { imageConfigOf } from "./image-config.ts";
import { readImageFile } from "./read-image-file.ts";
import { rememberFiles } from "./remember-files.ts";

/** Images of an engine. `labels` are put on the containers that are made to look into an image. */
export function createImages({ docker, labels }: { readonly docker: Docker; readonly labels: Readonly<Record<string, string>> }): ImageEngine {
  const findImage: ImageEngine["findImage"] = async (reference) => {
    const found = await askUnless([404], "look for an image", async () => docker.getImage(checkReference(reference)).inspect());
    return found?.Id;
  };

  const made = async (reference: string, doing: string): Promise<EngineId> => {
    const id = await findImage(reference);
    if (id === undefined) throw engineFailed(doing, "the image is not there afterwards");
    return id;
  };

  return {
    findImage,
    async pull(reference, progress, signal) {
      signal.throwIfAborted();
      try {
        const answer = await docker.pull(checkReference(reference), { abortSignal: signal });
        await follow(answer as Readable, progress);
      } catch (error) {
        signal.throwIfAborted();
        throw unavailable(reference, error);
      }
      return made(reference, "pull an image");
    },
    async importRootfs(rootfs, reference, signal) {
      // In one word: Podman passes over a tag that is given by itself.
      const repo = withTag(checkReference(reference));
      await interruptible({ source: rootfs, doing: "import an image", signal }, async () => {
        const answer = await docker.importImage(rootfs, { repo, abortSignal: signal });
        await follow(answer as Readable, () => undefined);
      });
      return made(reference, "import an image");
    },
    async build(request, progress, signal) {
      checkReference(request.reference);
      let image: EngineId | undefined;
      await interruptible({ source: request.context, doing: "build an image", signal }, async () => {
        image = await buildImage({ docker, request, progress, signal });
      });
      return image ?? made(request.reference, "build an image");
    },
    async commit(container, request) {
      const [, repo = "", tag = ""] = /^(.+):([^:/]+)$/.exec(withTag(checkReference(request.reference))) ?? [];
      await ask("make an image of a container", async () => {
        await docker.getContainer(checkId(container)).commit({ repo, tag, pause: false, changes: changesOf(request) });
      });
      return made(request.reference, "make an image of a container");
    },
    async imageConfig(image) {
      const found = await askUnless([404], "look at an image", async () => docker.getImage(checkReference(image)).inspect());
      if (found === undefined) throw unavailable(image, new Error("there is no such image here"));
      return imageConfigOf(found);
    },
    readFile: rememberFiles(async (image, path) => readImageFile({ docker, image: checkReference(image), path, labels })),
    async listImages(label) {
      const found = await ask("list images", async () => docker.listImages({ all: true, filters: { label: [label] } }));
      return found.map(({ Id, ParentId, RepoTags, Labels, Created }) => ({
        id: Id,
        ...(ParentId === "" ? {} : { parent: ParentId }),
        // Engines differ in how they say that there are none, and Podman names the registry that a name without one would mean.
        references: ((RepoTags as string[] | null | undefined) ?? []).filter((one) => !one.includes("<none>")).map((one) => one.replace(/^docker\.io\//, "")),
        labels: (Labels as Record<string, string> | null | undefined) ?? {},
        createdAt: Created * 1000,
      }));
    },
    async removeImage(reference) {
      await askUnless([404], "remove an image", async () => {
        await docker.getImage(checkReference(reference)).remove();
      });
    },
  };
}

/** Do `work` with a source stream: an abort rejects with its reason, a broken source with `ENGINE_FAILED`; the source is destroyed in every case. */
async function interruptible({ source, doing, signal }: { readonly source: Readable; readonly doing: string; readonly signal: AbortSignal }, work: () => Promise<void>): Promise<void> {
  try {
    signal.throwIfAborted();
    await ask(doing, work);
  } catch (error) {
    signal.throwIfAborted();
    throw source.errored === null ? error : engineFailed(doing, `what it is made of could not be read (${source.errored.message})`);
  } finally {
    finished(source, () => undefined);
    source.destroy();
  }
}

/** Lines of a Dockerfile: the form that every engine takes. A quoted string there is one of JSON in which a dollar needs a backslash. */
function changesOf({ labels, user }: Omit<CommitRequest, "reference">): string {
  return [`USER ${user}`, ...Object.entries(labels).map(([key, value]) => `LABEL ${key}=${JSON.stringify(value).replaceAll("$", String.raw`\$`)}`)].join("\n");
}

async function follow(stream: Readable, progress: (line: string) => void): Promise<void> {
  for await (const { id, status, error } of readProgress(stream)) {
    if (error !== undefined) throw engineFailed("bring an image", error);
    if (status !== undefined) progress(id === undefined ? status : `${id}: ${status}`);
  }
}

function unavailable(reference: string, error: unknown): AppError {
  const reason = AppError.is(error) ? error.message : reasonOf(error);
  return new AppError("IMAGE_UNAVAILABLE", {
    message: `The image ${reference} could not be pulled: ${reason}`,
    fix: "See whether its name is right and its registry can be reached from this machine.",
    cause: error,
  });
}

/** Let a reference or an id into a request path. */
function checkReference(reference: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.:@/-]*$/.test(reference) && !/\.\.|\/\//.test(reference)) return reference;
  throw new AppError("IMAGE_UNAVAILABLE", { message: `"${reference}" is not an image reference.`, fix: "Write it like name:tag or registry.example/name:tag." });
}

function withTag(reference: string): string {
  return reference.lastIndexOf(":") > reference.lastIndexOf("/") ? reference : `${reference}:latest`;
}
