import { readProfile } from "@sbx/catalog";
import { AppError, type EnabledServer, type ServerEntry, type ServerProfile } from "@sbx/contracts";
import { parseDocument } from "yaml";

/** What the file of a project says of MCP servers. Whoever wrote the project wrote it. */
export interface ProjectProfiles {
  readonly servers: readonly EnabledServer[];
  /** What it says itself of servers, for those that no catalog has. */
  readonly entries: readonly ServerEntry[];
  readonly notes: readonly string[];
}

const MAX_PROFILES = 20;
const MAX_BYTES = 1 << 20;

/**
 * Read a project's file: one profile, or `profiles` with several of them, or with ids of profiles that the person has.
 *
 * @throws AppError `CATALOG_INVALID`
 */
export function readProject(text: string, ofPerson: (id: string) => ServerProfile | undefined): ProjectProfiles {
  if (Buffer.byteLength(text) > MAX_BYTES) throw refused("it is longer than 1 MiB");
  const listed = profilesIn(text);
  if (listed === undefined) return merged([read(text)]);
  if (listed.length > MAX_PROFILES) throw refused(`it has more than ${MAX_PROFILES} profiles`);
  return merged(listed.map((one) => (typeof one === "string" ? named(one, ofPerson) : read(JSON.stringify(one)))));
}

/** The items under `profiles`; `undefined` for a file that is one profile. What cannot be read at all is left to the reader of profiles, which says why. */
function profilesIn(text: string): readonly unknown[] | undefined {
  const whole = valueOf(text);
  if (typeof whole !== "object" || whole === null || !("profiles" in whole)) return undefined;
  const { profiles } = whole;
  if (Array.isArray(profiles)) return profiles as readonly unknown[];
  if (typeof profiles !== "object" || profiles === null) throw refused("profiles must be a list or a table");
  return Object.entries(profiles as Readonly<Record<string, unknown>>).map(([id, profile]): unknown =>
    typeof profile === "object" && profile !== null ? { version: 1, id, name: id, ...profile } : profile,
  );
}

function valueOf(text: string): unknown {
  try {
    const document = parseDocument(text, { logLevel: "silent", version: "1.2", merge: false });
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 });
  } catch {
    throw refused("it has aliases, or nests too deep");
  }
}

function read(text: string): ProjectProfiles {
  const { profile, servers, warnings } = readProfile(text, { file: "the project's file" });
  return { servers: profile.servers, entries: servers, notes: warnings.map(({ line, message }) => `line ${line}: ${message}`) };
}

function named(id: string, ofPerson: (id: string) => ServerProfile | undefined): ProjectProfiles {
  const found = ofPerson(id);
  return found === undefined ? { servers: [], entries: [], notes: [`you have no profile "${id.slice(0, 100)}"`] } : { servers: found.servers, entries: [], notes: [] };
}

/** Of a server that several profiles name the first counts. */
function merged(all: readonly ProjectProfiles[]): ProjectProfiles {
  const first = <T extends { readonly name: string }>(items: readonly T[]): readonly T[] => items.filter(({ name }, index) => items.findIndex((other) => other.name === name) === index);
  return { servers: first(all.flatMap(({ servers }) => servers)), entries: first(all.flatMap(({ entries }) => entries)), notes: all.flatMap(({ notes }) => notes) };
}

function refused(why: string): AppError {
  return new AppError("CATALOG_INVALID", { message: `The project's file of MCP servers cannot be used: ${why}`, fix: "Ask whoever keeps the project to correct it." });
}
