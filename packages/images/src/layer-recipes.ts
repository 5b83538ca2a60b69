import { AppError } from "@sbx/contracts";
import { readBuildFile, type Instruction } from "@sbx/core";
import type { Recipe } from "./recipe.ts";
import { recipeHash } from "./recipe-hash.ts";

/** What a mixin puts over an agent's image. */
export interface AgentLayer {
  readonly name: string;
  /** Text of its Dockerfile: one that ends `FROM scratch` gives files, which are laid over the image; one from `SBX_BASE` is built on it. */
  readonly dockerfile: string;
  readonly directory: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Variables that its image sets. */
  readonly env: Readonly<Record<string, string>>;
}

interface Layering {
  readonly layers: readonly AgentLayer[];
  /** The base image, for stages of files. */
  readonly base: string;
  /** Makes the recipe of a layer, with a reference as its `SBX_BASE`. */
  readonly recipeOn: (layer: AgentLayer, base: string) => Promise<Recipe>;
}

/**
 * The recipes that put mixins over an agent's image, in the order in which they are built; the last one is the result,
 * named by the content of all. Of a mixin nothing but files and variables counts: its user and program are not taken over.
 */
export async function layerRecipes(agent: Recipe, { layers, base, recipeOn }: Layering): Promise<readonly Recipe[]> {
  const recipes: Recipe[] = [];
  let below = agent.reference;
  for (const layer of layers) {
    if (isFiles(layer)) {
      const own = await recipeOn(layer, base);
      const over = await shortRecipe([`FROM ${below}`, "USER 0:0", `COPY --from=${own.reference} / /`, ...homes(agent.dockerfile), ...variables(layer.env)]);
      recipes.push(own, over);
      below = over.reference;
    } else {
      const asRoot = await shortRecipe([`FROM ${below}`, "USER 0:0"]);
      const over = await recipeOn(layer, asRoot.reference);
      recipes.push(asRoot, over);
      below = over.reference;
    }
  }
  return recipes.length === 0 ? [] : [...recipes, await shortRecipe([`FROM ${below}`, `USER ${userOf(agent.dockerfile)}`])];
}

/** Directories that files come with bring their owner; the homes and what they lie in keep theirs. */
function homes(dockerfile: string): readonly string[] {
  const user = userOf(dockerfile);
  const isOwn = NAME.test(user) && user !== "root" && user !== "agent";
  const own = isOwn ? [`RUN ["/bin/sh", "-c", "[ ! -d /home/${user} ] || /bin/chown ${user}: /home/${user}"]`] : [];
  return ['RUN ["/bin/chown", "0:0", "/home"]', 'RUN ["/bin/chown", "1000:1000", "/home/agent"]', ...own];
}

const NAME = /^[a-z_][a-z0-9_-]{0,30}$/;

async function shortRecipe(lines: readonly string[]): Promise<Recipe> {
  const dockerfile = `${lines.join("\n")}\n`;
  const hash = await recipeHash({ dockerfile, files: [], facts: {} });
  return { kind: "layer", reference: `sbx/layered:${hash}`, hash, dockerfile, files: () => Promise.resolve([]), args: {} };
}

function variables(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env).map(([name, value]) => {
    if (/\p{Cc}/u.test(value)) throw new AppError("KIT_INVALID", { message: `The variable ${name} of a mixin holds a control character`, fix: "Write it plainly in its Dockerfile." });
    return `ENV ${name}="${value.replaceAll(/["$\\]/g, String.raw`\$&`)}"`;
  });
}

/** Whether the image that a Dockerfile ends with begins with nothing. */
function isFiles({ name, dockerfile }: AgentLayer): boolean {
  const stages = read(name, dockerfile)
    .filter((one) => one.name === "FROM")
    .map(({ rest }) => /^(\S+)(?:\s+as\s+(\S+))?$/i.exec(rest) ?? []);
  let from = stages.at(-1)?.[1] ?? "";
  for (const [, image = "", stage = ""] of stages.toReversed()) if (stage !== "" && stage.toLowerCase() === from.toLowerCase()) from = image;
  return from === "scratch";
}

/** Who runs an agent's image as its Dockerfile says, if it says so plainly. */
function userOf(dockerfile: string): string {
  const user = read("agent", dockerfile).findLast(({ name }) => name === "USER")?.rest ?? "";
  return /^[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)?$/.test(user) ? user : "0:0";
}

function read(name: string, dockerfile: string): readonly Instruction[] {
  return readBuildFile(dockerfile, (line, why) => new AppError("KIT_INVALID", { message: `Line ${line} of the Dockerfile of "${name}" ${why}.`, fix: "Write the line plainly." }));
}
