import { accessSync, constants, existsSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../../clean-text.ts";
import type { Context, Environment } from "../../context.ts";
import { present } from "../present.ts";
import { clientOf, clientsIn, isGateway, placeOf, stateOf, worldOf, type ClientScope, type ClientState } from "./client-states.ts";
import { SERVER_KEY, type GatewayCommand } from "./client-kinds.ts";
import { pathOf, readConfig, writeConfig } from "./config-place.ts";
import { serversIn, withServer } from "./edit-config.ts";

interface Options {
  readonly global?: true | undefined;
  readonly quiet?: true | undefined;
  readonly json?: true | undefined;
}

/** The entry that Docker's own tools write. */
const DOCKERS_KEY = "MCP_DOCKER";

/** List the clients, and which of them use the gateway. */
export async function listClients(context: Context, { global, json }: Options): Promise<void> {
  const scope = scopeOf(context, global === true);
  const states = clientsIn(scope).map((kind) => [kind.name, stateOf(kind, scope, worldOf(context))] as const);
  await present(context.io, { json }, { result: Object.fromEntries(states), lines: () => stateLines(scope, states) });
}

/** Let a client run the gateway as one of its servers. */
export async function connectClient(context: Context, name: string, { profile, ...options }: Options & { readonly profile?: string | undefined }): Promise<void> {
  const kind = clientOf(name);
  const scope = scopeOf(context, options.global === true);
  const place = placeOf(kind, scope, worldOf(context));
  if (profile !== undefined) await (await context.daemon.connect()).client.showProfile({ profile });
  const text = readConfig(place) ?? "";
  const form = { ...kind, file: pathOf(place) };
  const before = serversIn(text, form);
  refuseOther(before.get(SERVER_KEY), { name, file: form.file });
  const entry = kind.entry(gatewayCommand(context.env, profile), scope.kind);
  const after = withServer(text, form, { name: SERVER_KEY, entry });
  if (after !== text) writeConfig(place, after);
  if (before.has(DOCKERS_KEY))
    context.io.err(`sbx: ${cleanText(form.file)} has "${DOCKERS_KEY}" of Docker's tools too, so that ${kind.title} asks both; take that one out with: docker mcp client disconnect ${name}\n`);
  await report(context, scope, { title: kind.title, ...options });
}

/** Take the gateway out of a client's servers. */
export async function disconnectClient(context: Context, name: string, options: Options): Promise<void> {
  const kind = clientOf(name);
  const scope = scopeOf(context, options.global === true);
  const place = placeOf(kind, scope, worldOf(context));
  const text = readConfig(place);
  const form = { ...kind, file: pathOf(place) };
  if (text !== undefined) {
    refuseOther(serversIn(text, form).get(SERVER_KEY), { name, file: form.file });
    const after = withServer(text, form, { name: SERVER_KEY, entry: undefined });
    // One in which nothing is left was made for the gateway.
    if (after !== text) writeConfig(place, /^\s*(?:\{\s*\}\s*)?$/.test(after) ? undefined : after);
  }
  await report(context, scope, { title: kind.title, ...options });
}

async function report(context: Context, scope: ClientScope, { title, quiet, json }: Options & { readonly title: string }): Promise<void> {
  if (quiet === true) return;
  await listClients(context, { json, ...(scope.kind === "global" ? { global: true } : {}) });
  if (json !== true) context.io.out(`You might have to restart '${title}'.\n`);
}

function refuseOther(entry: Readonly<Record<string, unknown>> | undefined, { name, file }: { readonly name: string; readonly file: string }): void {
  if (entry === undefined || isGateway(entry)) return;
  throw new AppError("NAME_TAKEN", {
    message: `${file} has a server "${SERVER_KEY}" that is not the gateway of sbx`,
    fix: `Give that one another name, then run again: sbx mcp client connect ${name}`,
  });
}

/** The project that this directory belongs to. @throws AppError `USAGE` outside of one */
function scopeOf({ cwd }: Pick<Context, "cwd">, global: boolean): ClientScope {
  if (global) return { kind: "global" };
  for (let directory = path.resolve(cwd); ; directory = path.dirname(directory)) {
    if (existsSync(path.join(directory, ".git"))) return { kind: "project", top: directory };
    if (directory === path.dirname(directory))
      throw new AppError("USAGE", {
        message: "This directory belongs to no project: no .git is in it or above it",
        fix: "Go into a project, or mean everything that you do with the client: --global",
      });
  }
}

function stateLines(scope: ClientScope, states: readonly (readonly [string, ClientState])[]): readonly string[] {
  const head = scope.kind === "global" ? "=== System-wide MCP Configurations ===" : `=== Project-wide MCP Configurations (${cleanText(scope.top)}) ===`;
  return [head, ...states.flatMap(([name, state]) => [` ● ${name}: ${wordFor(state)}`, ...state.servers.map((server) => `   ${cleanText(server)}${ownNote(server, state)}`)])];
}

function wordFor({ error, dockerMCPCatalogConnected, isInstalled, servers }: ClientState): string {
  if (error !== null) return cleanText(error);
  if (dockerMCPCatalogConnected) return "connected";
  if (servers.length > 0) return "disconnected";
  return isInstalled ? "no mcp configured" : "not installed";
}

function ownNote(server: string, { dockerMCPCatalogConnected, profile }: ClientState): string {
  if (server !== SERVER_KEY || !dockerMCPCatalogConnected) return "";
  return profile === "" ? ": the gateway of sbx (what is enabled)" : `: the gateway of sbx (profile ${cleanText(profile)})`;
}

/** `sbx` where the client finds it, else this program by its whole path: clients with windows have a path of their own. */
function gatewayCommand(env: Environment, profile: string | undefined): GatewayCommand {
  const args = ["mcp", "gateway", "run", ...(profile === undefined ? [] : ["--profile", profile])];
  return { command: (env["PATH"] ?? "").split(path.delimiter).some((directory) => isProgram(path.join(directory, "sbx"))) ? "sbx" : ownProgram(), args };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** This file lies three levels below the package's sources, or, when bundled, in `dist`. */
function ownProgram(): string {
  const here = new URL(".", import.meta.url);
  return fileURLToPath(new URL(here.pathname.endsWith("/src/mcp/clients/") ? "../../../bin/sbx.mjs" : "../bin/sbx.mjs", here));
}
