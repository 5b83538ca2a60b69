import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@sbx/contracts";
import { nearNames, type AgentProfile } from "@sbx/core";
import { readKitDirectory } from "./read-kit-directory.ts";

/** The agents that come with sbx, in the order in which they are shown. */
const BUILT_IN = ["claude", "codex", "gemini", "opencode", "copilot", "qwen", "cline", "pi", "kiro", "shell"] as const;
const AGENT_NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const MAX_NAME = 64;

/** A Kit that was found and can be carried out. */
export interface FoundKit {
  readonly profile: AgentProfile;
  /** `built-in`, or its directory. */
  readonly source: string;
}

/** One that was found and cannot be used. */
export interface BrokenKit {
  readonly name: string;
  readonly source: string;
  readonly problem: AppError;
}

/** Where the person's own Kits lie. */
export interface KitStoreOptions {
  /** Directory with one directory for each agent of the person's own; it need not be there. */
  readonly directory: string;
}

/** Finds agents by name: the person's own first, then those that come with sbx; or by the path of a Kit's directory. */
export interface KitStore {
  /** All agents that have a name. A broken one of the person's does not hide the others. */
  list(): Promise<{ readonly kits: readonly FoundKit[]; readonly broken: readonly BrokenKit[] }>;
  /** @throws AppError `AGENT_UNKNOWN` with near names, `KIT_INVALID`, `KIT_UNSUPPORTED` */
  load(agent: string): Promise<FoundKit>;
}

/** Make the store of Kits; nothing is read before it is asked, so that a Kit written meanwhile is found. */
export function createKitStore({ directory }: KitStoreOptions): KitStore {
  const own = async (): Promise<readonly string[]> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isDirectory() && isName(entry.name))
      .map(({ name }) => name)
      .toSorted();
  };

  const load = async (agent: string): Promise<FoundKit> => {
    if (agent.includes("/")) return loadPath(agent);
    if ((await own()).includes(agent)) return loadFrom(path.join(directory, agent), agent);
    if (isBuiltIn(agent)) return { profile: await readKitDirectory(builtInDirectory(agent), agent), source: "built-in" };
    throw unknown(agent, [...new Set([...(await own()), ...BUILT_IN])]);
  };

  return {
    load,
    async list() {
      const kits: FoundKit[] = [];
      const broken: BrokenKit[] = [];
      for (const name of new Set([...BUILT_IN, ...(await own())])) {
        try {
          kits.push(await load(name));
        } catch (error) {
          if (!AppError.is(error)) throw error;
          broken.push({ name, source: path.join(directory, name), problem: error });
        }
      }
      return { kits, broken };
    },
  };
}

function isName(name: string): boolean {
  return AGENT_NAME.test(name) && name.length <= MAX_NAME;
}

function isBuiltIn(name: string): name is (typeof BUILT_IN)[number] {
  return BUILT_IN.some((known) => known === name);
}

function builtInDirectory(name: string): string {
  return path.dirname(fileURLToPath(import.meta.resolve(`@sbx/core/agents/${name}/kit.yaml`)));
}

async function loadPath(agent: string): Promise<FoundKit> {
  if (!path.isAbsolute(agent)) throw new AppError("AGENT_UNKNOWN", { message: `"${agent}" is no absolute path of a Kit`, fix: "Give the whole path of the Kit's directory." });
  const directory = path.normalize(agent).replace(/\/+$/u, "");
  const name = path.basename(directory).toLowerCase();
  if (!isName(name))
    throw new AppError("KIT_INVALID", {
      message: `The directory's name "${path.basename(directory)}" cannot name an agent`,
      fix: "Rename the directory: at most 64 letters and digits, with single dots, dashes or underscores between them.",
    });
  return loadFrom(directory, name);
}

async function loadFrom(directory: string, name: string): Promise<FoundKit> {
  return { profile: await readKitDirectory(directory, name), source: directory };
}

function unknown(agent: string, known: readonly string[]): AppError {
  const near = nearNames(agent, known);
  return new AppError("AGENT_UNKNOWN", {
    message: `There is no agent "${agent.slice(0, 100)}"`,
    fix:
      near.length === 0
        ? `Choose one of: ${known.toSorted().join(", ")}; or name the directory of a Kit.`
        : `Did you mean ${near.map((name) => `"${name}"`).join(" or ")}? List the agents with: sbx agents ls`,
    details: { near: [...near] },
  });
}
