import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ContextFile } from "./context-file.ts";
import { readContext } from "./read-context.ts";
import { recipeHash } from "./recipe-hash.ts";

/** A recipe that is ready to build: what goes in, and the reference that names exactly that. */
export interface Recipe {
  readonly kind: "debian" | "base" | "gate" | "agent" | "layer" | "docker" | "servers";
  readonly reference: string;
  readonly hash: string;
  readonly dockerfile: string;
  /** List the build's context: asked for only when there is something to build. */
  readonly files: () => Promise<readonly ContextFile[]>;
  readonly args: Readonly<Record<string, string>>;
}

const RECIPES = new URL("../recipes/", import.meta.url);
const GATE_SOURCES = ["gate.c", "hold.c", "hold-init.h", "hold-keeper.h", "hold-queries.h", "hold-session.h", "hold-starts.h", "hold-viewer.h"];

/** The root file system, named by its recipe alone: it does not matter how it was found. */
export async function debianRecipe(suite: string): Promise<Recipe> {
  const dockerfile = await builtIn("debian");
  const hash = await recipeHash({ dockerfile, files: [], facts: { suite, arch: process.arch } });
  return { kind: "debian", reference: `sbx/debian:${hash}`, hash, dockerfile, files: () => Promise.resolve([]), args: {} };
}

export interface BaseParts {
  readonly debian: string;
  /** The Node program that is copied in. */
  readonly node: { readonly path: string; readonly version: string; readonly sizeBytes: number };
  /** Files of the host's extra authorities. */
  readonly authorities: readonly ContextFile[];
}

/** Node and npm count by version and size: reading 120 MB for each `sbx run` would cost more than the rest of it. */
export async function baseRecipe({ debian, node, authorities }: BaseParts): Promise<Recipe> {
  const dockerfile = await builtIn("base");
  const npm = await npmPackage();
  const small: readonly ContextFile[] = [{ kind: "directory", path: "ca" }, ...authorities];
  const facts = { debian, node: `${node.version} ${process.arch} ${node.sizeBytes}`, npm: npm.version };
  const hash = await recipeHash({ dockerfile, files: small, facts });
  const program: ContextFile = { kind: "file", path: "node", source: node.path, sizeBytes: node.sizeBytes, executable: true };
  const files = async (): Promise<readonly ContextFile[]> => [...small, program, { kind: "directory", path: "npm" }, ...(await npm.files())];
  return { kind: "base", reference: `sbx/base:${hash}`, hash, dockerfile, files, args: { SBX_DEBIAN: debian } };
}

/** What packages of servers run on: the base with a whole Python. */
export async function serversRecipe(base: string): Promise<Recipe> {
  const dockerfile = await builtIn("servers");
  const hash = await recipeHash({ dockerfile, files: [], facts: { SBX_BASE: base } });
  return { kind: "servers", reference: `sbx/servers:${hash}`, hash, dockerfile, files: () => Promise.resolve([]), args: { SBX_BASE: base } };
}

/** An agent's image with Docker's command line, for sandboxes that have a Docker API. */
export async function dockerRecipe(agent: Pick<Recipe, "reference" | "hash">): Promise<Recipe> {
  const dockerfile = await builtIn("docker");
  const hash = await recipeHash({ dockerfile, files: [], facts: { SBX_AGENT: agent.reference } });
  return { kind: "docker", reference: `${agent.reference.replace(/:[^:]*$/, "")}-docker:${hash}`, hash, dockerfile, files: () => Promise.resolve([]), args: { SBX_AGENT: agent.reference } };
}

/** The gate and the session holder from their C sources. */
export async function gateRecipe(debian: string): Promise<Recipe> {
  const dockerfile = await builtIn("gate");
  const sources = await Promise.all(
    GATE_SOURCES.map(async (name): Promise<ContextFile> => {
      const text = await readFile(fileURLToPath(import.meta.resolve(`@sbx/gate/src/${name}`)), "utf8");
      return { kind: "text", path: `src/${name}`, text };
    }),
  );
  const files = [{ kind: "directory", path: "src" } as const, ...sources];
  const hash = await recipeHash({ dockerfile, files, facts: { debian } });
  return { kind: "gate", reference: `sbx/gate:${hash}`, hash, dockerfile, files: () => Promise.resolve(files), args: { SBX_DEBIAN: debian } };
}

function builtIn(name: string): Promise<string> {
  return readFile(new URL(`${name}/Dockerfile`, RECIPES), "utf8");
}

async function npmPackage(): Promise<{ readonly version: string; readonly files: () => Promise<readonly ContextFile[]> }> {
  const manifest = fileURLToPath(import.meta.resolve("npm/package.json"));
  const found: unknown = JSON.parse(await readFile(manifest, "utf8"));
  if (typeof found !== "object" || found === null || !("version" in found) || typeof found.version !== "string") throw new Error(`${manifest} names no version`);
  const files = async (): Promise<readonly ContextFile[]> => {
    const all = await readContext(dirname(manifest), { maxFiles: 10_000, maxBytes: 64 * 1024 * 1024 });
    return all.map((file) => ({ ...file, path: `npm/${file.path}` }));
  };
  return { version: found.version, files };
}
