import { existsSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../../context.ts";
import { CLIENT_KINDS, SERVER_KEY, type ClientKind, type ClientWorld } from "./client-kinds.ts";
import { pathOf, readConfig, type ConfigPlace } from "./config-place.ts";
import { serversIn, type Table } from "./edit-config.ts";

/** Whose configuration is meant: of everything that its person does, or of one project by its top directory. */
export type ClientScope = { readonly kind: "global" } | { readonly kind: "project"; readonly top: string };

/** What a client's configuration says, for people and programs. Keys are those of Docker's tools, and `file` and `servers`. */
export interface ClientState {
  readonly displayName: string;
  readonly source: string;
  readonly icon: string;
  readonly configName: string;
  readonly dockerMCPCatalogConnected: boolean;
  readonly profile: string;
  readonly error: string | null;
  readonly isInstalled: boolean;
  readonly isOsSupported: boolean;
  readonly file: string;
  /** Names of all servers in it. */
  readonly servers: readonly string[];
}

/** @throws AppError `USAGE` for a client that is not known */
export function clientOf(name: string): ClientKind {
  const found = CLIENT_KINDS.find((kind) => kind.name === name);
  if (found !== undefined) return found;
  if (name === "gordon")
    throw new AppError("USAGE", { message: "Gordon is a part of Docker Desktop, which keeps its servers itself", fix: "Use another client, or connect it with Docker's own tools." });
  throw new AppError("USAGE", { message: `There is no client "${name}"`, fix: `Use one of ${CLIENT_KINDS.map((kind) => kind.name).join(", ")}.` });
}

/** Where files are looked for here. */
export function worldOf({ home, env }: Pick<Context, "home" | "env">): ClientWorld {
  return { home, env, platform: process.platform };
}

/** @throws AppError `USAGE` for a client that has no configuration in projects */
export function placeOf(kind: ClientKind, scope: ClientScope, world: ClientWorld): ConfigPlace {
  if (scope.kind === "project") {
    if (kind.project === undefined) throw new AppError("USAGE", { message: `${kind.title} has no configuration in projects`, fix: `Write: sbx mcp client connect ${kind.name} --global` });
    return { kind: "project", top: scope.top, file: kind.project };
  }
  const places = kind.global(world);
  return { kind: "home", file: places.find((file) => existsSync(file)) ?? places[0] ?? "" };
}

/** What the configuration of a client says now. One that cannot be read is told of. */
export function stateOf(kind: ClientKind, scope: ClientScope, world: ClientWorld): ClientState {
  const place = placeOf(kind, scope, world);
  const file = pathOf(place);
  const about = { displayName: kind.title, source: kind.site, icon: "", configName: kind.name, isOsSupported: true, file };
  // Claude Code's own file lies in the home, which says nothing; a project says nothing of what is installed at all.
  const isInstalled = scope.kind === "project" || existsSync(kind.name === "claude-code" ? file : path.dirname(file));
  try {
    const servers = serversIn(readConfig(place) ?? "", { ...kind, file });
    const entry = servers.get(SERVER_KEY);
    return { ...about, isInstalled, dockerMCPCatalogConnected: entry !== undefined && isGateway(entry), profile: profileOf(entry), error: null, servers: [...servers.keys()] };
  } catch (error) {
    if (!AppError.is(error)) throw error;
    return { ...about, isInstalled, dockerMCPCatalogConnected: false, profile: "", error: error.message, servers: [] };
  }
}

/** Whether a server runs our gateway: nothing else is ever replaced or taken out. */
export function isGateway(entry: Table): boolean {
  return wordsOf(entry).slice(1, 4).join(" ") === "mcp gateway run";
}

function profileOf(entry: Table | undefined): string {
  const words = entry === undefined ? [] : wordsOf(entry);
  const at = words.indexOf("--profile");
  return at < 0 ? "" : (words[at + 1] ?? "");
}

function wordsOf({ command, cmd, args }: Table): readonly string[] {
  const program = command ?? cmd;
  return [...(Array.isArray(program) ? (program as unknown[]) : [program]), ...(Array.isArray(args) ? (args as unknown[]) : [])].map(String);
}

/** Every client that has a configuration in this scope. */
export function clientsIn(scope: ClientScope): readonly ClientKind[] {
  return CLIENT_KINDS.filter(({ project }) => scope.kind === "global" || project !== undefined);
}
