import { stat } from "node:fs/promises";
import { AppError } from "@sbx/contracts";
import type { EngineId, ImageEngine } from "@sbx/core";
import { assembleRecipe, type AssembledRecipe } from "./assemble/assemble-recipe.ts";
import { buildSettings } from "./build-settings.ts";
import { checkDockerfile } from "./check-dockerfile.ts";
import { packContext, type ContextFile } from "./context-file.ts";
import { DEBIAN_SUITE, findDebianRoot } from "./debian-root.ts";
import { authorityFileName, extraAuthorities, type Environment } from "./host-trust.ts";
import { layerRecipes, type AgentLayer } from "./layer-recipes.ts";
import { readContext } from "./read-context.ts";
import { baseRecipe, debianRecipe, dockerRecipe, gateRecipe, serversRecipe, type BaseParts, type Recipe } from "./recipe.ts";
import { recipeHash } from "./recipe-hash.ts";
import { SharedWork, type Progress, type Waiting } from "./shared-work.ts";

/** Where in a build's context the Dockerfile lies; a directory that has such a file itself is refused. */
const DOCKERFILE = ".sbx.Dockerfile";
const AGENT_NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** What an agent's image is made of: a name, a Dockerfile, and the directory that it may copy from. */
export interface AgentRecipe {
  /** Lower-case letters, digits and single separators; it becomes a part of the image's name. */
  readonly name: string;
  /** Text of the Dockerfile. `SBX_BASE` is given as a build argument. */
  readonly dockerfile: string;
  /** What the Dockerfile may copy from; without it the context is empty. */
  readonly directory?: string;
  /** Further build arguments. They decide the image's name, and are kept in its history: no secrets. */
  readonly args?: Readonly<Record<string, string>>;
  /** What mixins put over it, in order. */
  readonly layers?: readonly AgentLayer[];
  /** Whether it gets Docker's command line. */
  readonly docker?: boolean;
}

/**
 * Makes the images sandboxes run from and gives their full ids. Every image is named by the content of its recipe, so
 * one that exists is right and costs one question to the engine.
 *
 * All reject with `ENGINE_UNREACHABLE`, `IMAGE_UNAVAILABLE` (no Debian to start from) or `BUILD_FAILED`, and with the
 * signal's reason when it fires; then nothing half-made carries a name.
 */
export interface ImageMaker {
  /** Debian, tools, Node, npm and the user `agent` (1000:1000, home `/home/agent`). */
  base(progress: Progress, signal: AbortSignal): Promise<EngineId>;
  /** `/usr/local/bin/gate` and `/usr/local/bin/hold`, static, with iptables and ip. */
  gate(progress: Progress, signal: AbortSignal): Promise<EngineId>;
  /** What MCP servers run on that are packages: Node, npm, git, Python with pip and uv. */
  servers(progress: Progress, signal: AbortSignal): Promise<EngineId>;
  /** An agent's own image on top of the base. Also `KIT_INVALID`, `KIT_UNSUPPORTED`. */
  agent(recipe: AgentRecipe, progress: Progress, signal: AbortSignal): Promise<EngineId>;
  /** The agent's image when it is there already, without making anything. Also `KIT_INVALID`, `KIT_UNSUPPORTED`. */
  findAgent(recipe: AgentRecipe): Promise<EngineId | undefined>;
  /** The session holder's program, static, as it lies in the gate's image. */
  holdBinary(gateImage: EngineId): Promise<Buffer>;
}

/** What the maker of images needs: an engine, an environment, and the programs that it puts into images or runs. */
export interface ImageMakerOptions {
  readonly engine: ImageEngine;
  /** Read for proxies, certificate files and npm's settings. */
  readonly env: Environment;
  /** Node program for the base image, an official build; by default the one that runs this. */
  readonly node?: { readonly path: string; readonly version: string };
  /** Program that makes a Debian root file system where no registry answers. */
  readonly mmdebstrap?: string;
}

/** Make the maker of base, gate and agent images; callers that ask for one image at the same time share one build. */
export function createImageMaker({ engine, env, node, mmdebstrap = "mmdebstrap" }: ImageMakerOptions): ImageMaker {
  const work = new SharedWork<EngineId>();
  let authorities: Promise<readonly ContextFile[]> | undefined;

  const ensure = async (recipe: Recipe, make: (inner: Waiting) => Promise<EngineId>, waiting: Waiting): Promise<EngineId> => {
    waiting.signal.throwIfAborted();
    const there = await engine.findImage(recipe.reference);
    return there ?? (await work.do(recipe.reference, make, waiting));
  };

  const build = async (recipe: Recipe, { progress, signal }: Waiting): Promise<EngineId> => {
    const settings = await buildSettings(env, signal);
    progress(`Building ${recipe.reference}`);
    const request = {
      context: packContext([...(await recipe.files()), { kind: "text", path: DOCKERFILE, text: recipe.dockerfile }]),
      dockerfile: DOCKERFILE,
      reference: recipe.reference,
      args: { ...settings, ...recipe.args },
      labels: { "dev.sbx.image": recipe.kind },
    };
    try {
      return await engine.build(request, progress, signal);
    } finally {
      request.context.destroy();
    }
  };

  const debian = async (waiting: Waiting): Promise<EngineId> => {
    const recipe = await debianRecipe(DEBIAN_SUITE);
    const reference = `sbx/debian-root:${recipe.hash}`;
    return await ensure(
      recipe,
      async (inner) => {
        const root = await findDebianRoot({ engine, reference, mmdebstrap, ...inner });
        const id = await build({ ...recipe, args: { SBX_ROOT: root } }, inner);
        if (root === reference) await engine.removeImage(reference);
        return id;
      },
      waiting,
    );
  };

  const onDebian = (recipe: Recipe, waiting: Waiting): Promise<EngineId> =>
    ensure(
      recipe,
      async (inner) => {
        await debian(inner);
        return await build(recipe, inner);
      },
      waiting,
    );

  const recipeOfBase = async (): Promise<Recipe> =>
    baseRecipe({
      debian: (await debianRecipe(DEBIAN_SUITE)).reference,
      node: await nodeProgram(node ?? { path: process.execPath, version: process.version }),
      authorities: await (authorities ??= authorityFiles(env)),
    });

  const base = async (waiting: Waiting): Promise<{ readonly id: EngineId; readonly reference: string }> => {
    const recipe = await recipeOfBase();
    return { id: await onDebian(recipe, waiting), reference: recipe.reference };
  };

  return {
    base: async (progress, signal) => (await base({ progress, signal })).id,
    gate: async (progress, signal) => await onDebian(await gateRecipe((await debianRecipe(DEBIAN_SUITE)).reference), { progress, signal }),
    servers: async (progress, signal) => {
      const recipe = await serversRecipe((await base({ progress, signal })).reference);
      return await ensure(recipe, (inner) => build(recipe, inner), { progress, signal });
    },
    agent: async (agent, progress, signal) => {
      const assembled = await assembleAgent(agent);
      const recipes = await recipesOf(agent, { assembled, base: (await base({ progress, signal })).reference });
      return await makeLast(agent.docker === true ? [...recipes, await dockerRecipe(lastOf(recipes))] : recipes, { ensure, build, waiting: { progress, signal } });
    },
    findAgent: async (agent) => {
      const assembled = await assembleAgent(agent);
      return await engine.findImage(lastOf(await recipesOf(agent, { assembled, base: (await recipeOfBase()).reference })).reference);
    },
    holdBinary: (gateImage) => engine.readFile(gateImage, "/usr/local/bin/hold"),
  };
}

/** The agent's own recipe, and those of its mixins over it. */
async function recipesOf(agent: AgentRecipe, { assembled, base }: { readonly assembled: AssembledRecipe; readonly base: string }): Promise<readonly Recipe[]> {
  const own = await agentRecipe(agent, { assembled, base });
  const recipeOn = async ({ name, dockerfile, directory, buildArgs }: AgentLayer, below: string): Promise<Recipe> => {
    const layer = { name, dockerfile, directory, args: buildArgs };
    return await agentRecipe(layer, { assembled: await assembleAgent(layer), base: below });
  };
  return [own, ...(await layerRecipes(own, { layers: agent.layers ?? [], base, recipeOn }))];
}

interface Making {
  readonly ensure: (recipe: Recipe, make: (inner: Waiting) => Promise<EngineId>, waiting: Waiting) => Promise<EngineId>;
  readonly build: (recipe: Recipe, waiting: Waiting) => Promise<EngineId>;
  readonly waiting: Waiting;
}

/** Make the last of several recipes, each of which needs those before it. */
function makeLast(recipes: readonly Recipe[], { ensure, build, waiting }: Making): Promise<EngineId> {
  const last = lastOf(recipes);
  const makeAll = async (inner: Waiting): Promise<EngineId> => {
    for (const recipe of recipes.slice(0, -1)) await ensure(recipe, (each) => build(recipe, each), inner);
    return await build(last, inner);
  };
  return ensure(last, makeAll, waiting);
}

function lastOf(recipes: readonly Recipe[]): Recipe {
  const last = recipes.at(-1);
  if (last === undefined) throw new Error("an agent has a recipe");
  return last;
}

/** Bring an agent's recipe into the form that the engine's builder understands, before anything is built. */
async function assembleAgent({ name, dockerfile, directory, args = {} }: AgentRecipe): Promise<AssembledRecipe> {
  if (!AGENT_NAME.test(name) || name.length > 64) {
    throw new AppError("KIT_INVALID", {
      message: `The agent name ${JSON.stringify(name)} cannot name an image.`,
      fix: "Use at most 64 lower-case letters and digits, with single dots, dashes or underscores between them.",
    });
  }
  const files = directory === undefined ? [] : await readContext(directory);
  if (files.some(({ path }) => path === DOCKERFILE)) {
    throw new AppError("KIT_INVALID", { message: `The directory of agent "${name}" has a file ${DOCKERFILE}.`, fix: "Rename the file: this name is taken." });
  }
  const assembled = assembleRecipe({ name, dockerfile, files, args });
  checkDockerfile(name, assembled.dockerfile);
  return assembled;
}

async function agentRecipe({ name, args = {} }: AgentRecipe, { assembled, base }: { readonly assembled: AssembledRecipe; readonly base: string }): Promise<Recipe> {
  const hash = await recipeHash({ ...assembled, facts: { ...args, SBX_BASE: base } });
  return { kind: "agent", reference: `sbx/agent-${name}:${hash}`, hash, dockerfile: assembled.dockerfile, files: () => Promise.resolve(assembled.files), args: { ...args, SBX_BASE: base } };
}

async function nodeProgram({ path, version }: { readonly path: string; readonly version: string }): Promise<BaseParts["node"]> {
  return { path, version, sizeBytes: (await stat(path)).size };
}

async function authorityFiles(env: Environment): Promise<readonly ContextFile[]> {
  return (await extraAuthorities(env)).map((text) => ({ kind: "text", path: `ca/${authorityFileName(text)}`, text }));
}
