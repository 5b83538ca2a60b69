import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@sbx/contracts";
import { composeProfile, nearNames, wantedSecrets, type AgentProfile, type KitMember } from "@sbx/core";
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

/** A mixin that was found: it is no agent, and is put over one. */
export interface FoundMixin {
  readonly member: KitMember;
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

/** The Kits that make an agent, and what is filled into them. */
export interface KitSelection {
  /** Name or absolute path. */
  readonly agent: string;
  /** Mixins, by names of the person's own or absolute paths. */
  readonly kits?: readonly string[];
  readonly args?: Readonly<Record<string, string>>;
  /** Variables of the sandbox; without them, what needs one is left out. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ports that the sandbox publishes; without a sandbox, those that Kits ask for are taken as published. */
  readonly publish?: readonly number[];
  /** Paths at which Kits may share a directory; without a sandbox, those that they ask for are taken as allowed. */
  readonly share?: readonly string[];
  /** Directories of the person's that the sandbox sees. */
  readonly directories?: readonly string[];
  /** Types that the person gives to no Kit. */
  readonly reject?: readonly string[];
  /** Whether there is a name and an address for commits; without a sandbox, what Kits ask for is taken as there. */
  readonly gitIdentity?: boolean;
  /** Secrets that a sandbox which is there was granted when it was made. */
  readonly grantedSecrets?: readonly string[];
  /** Gives the hosts that the person bound a secret to; without a sandbox, what Kits ask for is taken as bound. */
  readonly secretHosts?: (name: string) => Promise<readonly string[]>;
  /** Whether the person gives the sandbox an SSH agent; without a sandbox, what Kits ask for is taken as given. */
  readonly sshAgent?: boolean;
  /** Arguments that one of the Kits must declare, where not all of `args`. */
  readonly given?: readonly string[];
}

/** Finds agents by name: the person's own first, then those that come with sbx; or by the path of a Kit's directory. */
export interface KitStore {
  /** All Kits that have a name. A broken one of the person's does not hide the others. */
  list(): Promise<{ readonly kits: readonly FoundKit[]; readonly mixins: readonly FoundMixin[]; readonly broken: readonly BrokenKit[] }>;
  /** @throws AppError `AGENT_UNKNOWN` with near names, `KIT_CONFLICT`, `KIT_INVALID`, `KIT_UNSUPPORTED` */
  load(selection: KitSelection): Promise<FoundKit>;
  /** One Kit as it stands, of whatever kind. @throws AppError `AGENT_UNKNOWN`, `KIT_INVALID` */
  read(reference: string): Promise<FoundMixin>;
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

  const read = async (reference: string, args: Readonly<Record<string, string>> = {}): Promise<FoundMixin> => {
    const found = await place(reference);
    return { member: await readKitDirectory(found.directory, { name: found.name, reference, args }), source: found.source };
  };

  const place = async (reference: string): Promise<Place> => {
    if (reference.includes("/")) return placeOfPath(reference);
    if ((await own()).includes(reference)) return { name: reference, directory: path.join(directory, reference), source: path.join(directory, reference) };
    if (isBuiltIn(reference)) return { name: reference, directory: builtInDirectory(reference), source: "built-in" };
    throw unknown(reference, [...new Set([...(await own()), ...BUILT_IN])]);
  };

  const load = async ({ agent, kits = [], args = {}, given = Object.keys(args), secretHosts, ...facts }: KitSelection): Promise<FoundKit> => {
    const all = await Promise.all([agent, ...kits].map((reference) => read(reference, args)));
    const members = all.map(({ member }) => member);
    const bound = secretHosts === undefined ? undefined : await Promise.all(wantedSecrets(members, facts.env).map(async (name) => [name, await secretHosts(name)] as const));
    const profile = composeProfile(members, { given, ...facts, ...(bound === undefined ? {} : { secretHosts: Object.fromEntries(bound) }) });
    return { profile, source: all.find(({ member }) => member.kit.descriptor.kind === "workload")?.source ?? agent };
  };

  return {
    load,
    read: (reference) => read(reference),
    async list() {
      const kits: FoundKit[] = [];
      const mixins: FoundMixin[] = [];
      const broken: BrokenKit[] = [];
      for (const name of new Set([...BUILT_IN, ...(await own())])) {
        try {
          const found = await read(name);
          if (found.member.kit.descriptor.kind === "mixin") mixins.push(found);
          else kits.push({ profile: composeProfile([found.member]), source: found.source });
        } catch (error) {
          if (!AppError.is(error)) throw error;
          broken.push({ name, source: path.join(directory, name), problem: error });
        }
      }
      return { kits, mixins, broken };
    },
  };
}

/** Where a Kit lies, and what it is called. */
interface Place {
  readonly name: string;
  readonly directory: string;
  readonly source: string;
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

function placeOfPath(reference: string): Place {
  if (!path.isAbsolute(reference)) throw new AppError("AGENT_UNKNOWN", { message: `"${reference}" is no absolute path of a Kit`, fix: "Give the whole path of the Kit's directory." });
  const directory = path.normalize(reference).replace(/\/+$/u, "");
  const name = path.basename(directory).toLowerCase();
  if (!isName(name))
    throw new AppError("KIT_INVALID", {
      message: `The directory's name "${path.basename(directory)}" cannot name an agent`,
      fix: "Rename the directory: at most 64 letters and digits, with single dots, dashes or underscores between them.",
    });
  return { name, directory, source: directory };
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
