import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts";
import { TEMPLATE_OF, type EngineId, type ImageEngine, type LayerMaker } from "@sbx/core";
import { buildSettings } from "./build-settings.ts";
import { packContext } from "./context-file.ts";
import { homeContext } from "./home-context.ts";
import type { Environment } from "./host-trust.ts";
import { dockerRecipe } from "./recipe.ts";
import { recipeHash } from "./recipe-hash.ts";
import { SharedWork, type Waiting } from "./shared-work.ts";

const DOCKERFILE = ".sbx.Dockerfile";
const RECIPES = new URL("../recipes/", import.meta.url);

/** Make the maker of what is put on images: packages of the system, Docker's command line, files of a home. */
export function createLayerMaker({ engine, env, owner }: { readonly engine: ImageEngine; readonly env: Environment; readonly owner: string }): LayerMaker {
  const work = new SharedWork<EngineId>();
  return {
    async packages({ from, packages, gate }, progress, signal) {
      const script = await readFile(new URL("packages/install.sh", RECIPES), "utf8");
      const wanted = packages.toSorted();
      // Words of a list go to the program as they are: no shell reads the names.
      const dockerfile = `ARG SBX_FROM\nFROM \${SBX_FROM}\nUSER root\nRUN ${JSON.stringify(["/bin/sh", "-c", script, "sbx-install", ...wanted])}\nUSER agent\n`;
      const reference = `sbx/packages:${await recipeHash({ dockerfile, files: [], facts: { SBX_FROM: from } })}`;
      const build = async (inner: Waiting): Promise<EngineId> =>
        await engine
          .build(
            {
              context: packContext([{ kind: "text", path: DOCKERFILE, text: dockerfile }]),
              dockerfile: DOCKERFILE,
              reference,
              args: { SBX_FROM: from },
              labels: { "dev.sbx.image": "packages" },
              network: gate,
            },
            inner.progress,
            inner.signal,
          )
          .catch((error: unknown) => {
            throw unknownPackage(error) ?? error;
          });
      return (await engine.findImage(reference)) ?? (await work.do(reference, build, { progress, signal }));
    },
    async docker({ from }, progress, signal) {
      const recipe = await dockerRecipe({ reference: from, hash: from });
      const reference = `sbx/template-docker:${recipe.hash}`;
      const build = async (inner: Waiting): Promise<EngineId> =>
        await engine.build(
          {
            context: packContext([{ kind: "text", path: DOCKERFILE, text: recipe.dockerfile }]),
            dockerfile: DOCKERFILE,
            reference,
            args: { ...(await buildSettings(env, signal)), ...recipe.args },
            labels: { "dev.sbx.image": "docker" },
          },
          inner.progress,
          inner.signal,
        );
      return (await engine.findImage(reference)) ?? (await work.do(reference, build, { progress, signal }));
    },
    async template({ from, home, files }, progress, signal) {
      const reference = `sbx/template:${randomBytes(8).toString("hex")}`;
      const whole = await readFile(new URL("template/Dockerfile", RECIPES), "utf8");
      const dockerfile = files === undefined ? "ARG SBX_FROM\nFROM ${SBX_FROM}\nLABEL dev.sbx.image=template\n" : whole;
      const { context, leftOut } =
        files === undefined ? { context: packContext([{ kind: "text", path: DOCKERFILE, text: dockerfile }]), leftOut: () => [] } : homeContext({ ...files, texts: { [DOCKERFILE]: dockerfile } });
      const image = await engine.build(
        { context, dockerfile: DOCKERFILE, reference, args: { SBX_FROM: from, SBX_HOME: home }, labels: { "dev.sbx.image": "template", [TEMPLATE_OF]: owner } },
        progress,
        signal,
      );
      return { image, reference, leftOut: leftOut() };
    },
    remove: (reference) => engine.removeImage(reference),
    find: (image) => engine.findImage(image),
  };
}

/** The script says which name is none. */
function unknownPackage(error: unknown): AppError | undefined {
  if (!AppError.is(error) || error.code !== "BUILD_FAILED") return undefined;
  const output = error.details["output"];
  const lines = Array.isArray(output) ? output.filter((line) => typeof line === "string") : [];
  const name = lines.map((line) => /^sbx: no package is called ([a-z0-9][a-z0-9+.-]*)$/.exec(line)?.[1]).find((one) => one !== undefined);
  if (name !== undefined)
    return new AppError("PACKAGE_UNKNOWN", {
      message: `The distribution of this image has no package "${name}"`,
      fix: `Look for its name with: sbx exec SANDBOX apt-cache search ${name}; or at the distribution's site`,
    });
  if (lines.includes("sbx: there is no apt-get in this image"))
    return new AppError("PLATFORM_UNSUPPORTED", { message: "The image of this agent is none of Debian's: there is no apt-get in it", fix: "Put the packages into the Dockerfile of its Kit." });
  return undefined;
}
