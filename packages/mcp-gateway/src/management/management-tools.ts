import type { JsonObject } from "../jsonrpc/json.ts";
import { SCRIPT_PREFIX } from "../view/reserved-names.ts";
import type { Scope } from "../view/scope.ts";
import { addServerTool } from "./add-server.ts";
import { codeModeTool, runScript } from "./code-mode.ts";
import { configureServerTool } from "./configure-server.ts";
import { execTool } from "./exec-tool.ts";
import { findServers } from "./find-servers.ts";
import type { ManagementCall, ManagementTool } from "./management.ts";
import { activateProfileTool, createProfileTool } from "./profiles.ts";
import { removeServerTool } from "./remove-server.ts";

const TOOLS: readonly ManagementTool[] = [findServers, addServerTool, removeServerTool, configureServerTool, execTool, createProfileTool, activateProfileTool];

/** The gateway's own tools, and those that a scope has made of scripts, as `tools/list` shows them. */
export function managementTools(scope: Scope): readonly JsonObject[] {
  const scripts = [...scope.scripts.values()].map(({ definition }) => definition);
  return [...available(scope).map(({ definition }) => definition), ...scripts];
}

/** Carry out a call of one of the gateway's own tools; `undefined` when it is none. */
export async function manage(call: ManagementCall): Promise<JsonObject | undefined> {
  const { session, name, args, cause } = call;
  if (name.startsWith(SCRIPT_PREFIX)) return session.scope.scripts.has(name) ? await runScript(session.scope, name, { args, cause }) : undefined;
  return await available(session.scope)
    .find(({ definition }) => definition["name"] === name)
    ?.run(call);
}

function available(scope: Scope): readonly ManagementTool[] {
  if (!scope.parts.management) return [];
  return scope.parts.codeMode === undefined ? TOOLS : [...TOOLS, codeModeTool];
}
