import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { AppError, type EnabledServer, type ProjectOffer, type ServerEntry } from "@sbx/contracts";
import { catalogText } from "../catalogs/catalog-text.ts";
import type { McpStore } from "../mcp-parts.ts";
import type { Decision } from "./project-files.ts";
import { readProject, type ProjectProfiles } from "./read-project.ts";

interface File {
  readonly workspace: string;
  /** What the file says, as the person's own command read it. */
  readonly text: string;
}

/**
 * The MCP servers that a project offers. A project is what somebody else wrote: its file does nothing until the person has
 * taken this very content over, which is copied then. What becomes of the file afterwards changes nothing, and is offered anew.
 */
export class ProjectService {
  readonly #store: McpStore;

  constructor(store: McpStore) {
    this.#store = store;
  }

  /** @throws AppError `CATALOG_INVALID` */
  offer({ workspace, text }: File): ProjectOffer {
    const { projects, catalogs } = this.#store;
    const sha256 = hashOf(text);
    const read = this.#read(text);
    const decision = projects.decisions(workspace).findLast((one) => one.sha256 === sha256)?.decision;
    const active = projects.active(workspace);
    const state = active?.sha256 === sha256 ? "active" : decision === "declined" ? "declined" : active === undefined ? "new" : "changed";
    const servers = read.servers.map((server) => {
      const found = catalogs.find(server.name);
      const entry = found?.entry ?? entryOf(read, server);
      return { name: server.name, config: server.config, ...(found === undefined ? {} : { catalog: found.catalog }), ...(entry === undefined ? {} : { entry }) };
    });
    return { sha256, state, servers, notes: [...read.notes] };
  }

  /** @throws AppError `CATALOG_INVALID`, and `CONFIG_INVALID` when it is not the content that was looked at */
  decide({ workspace, text }: File, { sha256, decision }: { readonly sha256: string; readonly decision: "activate" | "decline" }): ProjectOffer {
    const { projects } = this.#store;
    const whole = hashOf(text);
    if (!whole.startsWith(sha256))
      throw new AppError("CONFIG_INVALID", { message: "The project's file is not the one that you looked at: it was changed meanwhile", fix: "Look at it again: sbx mcp profile offered" });
    const others = projects.decisions(workspace).filter((one) => one.sha256 !== whole);
    if (decision === "decline") this.#put(workspace, [...others.slice(-20), { sha256: whole, decision: "declined" }]);
    else this.#put(workspace, [...others.filter((one) => one.decision === "declined").slice(-20), { sha256: whole, decision: "activated", profile: this.#keep({ workspace, text }, whole) }]);
    return this.offer({ workspace, text });
  }

  /** Take back what was activated in a project. @returns whether there was anything */
  deactivate(workspace: string): boolean {
    const decisions = this.#store.projects.decisions(workspace);
    this.#put(
      workspace,
      decisions.filter(({ decision }) => decision === "declined"),
    );
    return decisions.some(({ decision }) => decision === "activated");
  }

  #read(text: string): ProjectProfiles {
    const { profiles } = this.#store;
    return readProject(text, (id) => (profiles.has(id) ? profiles.set(id).profile() : undefined));
  }

  /** Copy a project's servers into a profile of the person's, and what no catalog knows of them into a catalog of its own. */
  #keep({ workspace, text }: File, sha256: string): string {
    const { profiles, catalogs, member, projects } = this.#store;
    const id = `project-${sha256.slice(0, 16)}`;
    const read = this.#read(text);
    const former = projects.decisions(workspace).flatMap(({ profile }) => profile ?? []);
    const unknown = read.entries.filter((entry) => {
      if (!read.servers.some(({ name }) => name === entry.name)) return false;
      const found = catalogs.find(entry.name);
      if (found === undefined || former.includes(found.catalog) || found.catalog === id) return true;
      // The newer of two would stand in the place of both.
      if (catalogs.view(found.catalog).origin.startsWith("project:") && !isDeepStrictEqual(found.entry, entry)) throw ofAnother(entry.name);
      return false;
    });
    if (unknown.length > 0) catalogs.put(id, catalogText({ title: "Servers of a project", servers: unknown }), { displayName: "Servers of a project", url: `project:${sha256}` });
    const known = read.servers.filter(({ name }) => catalogs.find(name) !== undefined);
    profiles.write({ id, name: "Servers of a project" }, known.map(member));
    return id;
  }

  /** Write decisions, and drop the copies that nobody uses any more. */
  #put(workspace: string, decisions: readonly Decision[]): void {
    const { projects, profiles, catalogs } = this.#store;
    const before = projects.decisions(workspace).flatMap(({ profile }) => profile ?? []);
    projects.put(workspace, decisions);
    for (const profile of before) {
      if (projects.uses(profile)) continue;
      profiles.remove(profile);
      if (catalogs.has(profile)) catalogs.remove(profile);
    }
  }
}

function ofAnother(name: string): AppError {
  return new AppError("NAME_TAKEN", { message: `Another project has a server "${name}" that is not this one`, fix: "Use only one of them: sbx mcp profile deactivate PATH-OF-THE-OTHER-PROJECT" });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function entryOf({ entries }: ProjectProfiles, { name }: EnabledServer): ServerEntry | undefined {
  return entries.find((entry) => entry.name === name);
}
