import { realpath } from "node:fs/promises";
import type { Client, Sandbox } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "./context.ts";

/** The sandbox with this name or id; without one, that of the directory in which the person stands, of several the one in use. */
export async function findSandbox(client: Client, ref: string | undefined, { cwd }: Pick<Context, "cwd">): Promise<Sandbox> {
  if (ref !== undefined) return await client.inspectSandbox({ sandbox: ref });
  const here = await realpath(cwd);
  const around = (await client.listSandboxes({})).filter(({ workspace }) => here === workspace || here.startsWith(workspace === "/" ? workspace : `${workspace}/`));
  const nearest = Math.max(...around.map(({ workspace }) => workspace.length));
  const candidates = around.filter(({ workspace }) => workspace.length === nearest);
  const running = candidates.filter(({ state }) => state.phase === "running");
  const busy = running.filter(({ sessions }) => sessions.some(({ state }) => state.phase === "running"));
  const [only, ...others] = [busy, running, candidates].find((some) => some.length > 0) ?? [];
  if (only === undefined) throw new AppError("SANDBOX_NOT_FOUND", { message: "There is no sandbox of this directory", fix: "Name one of: sbx ls; or start one here with: sbx run AGENT" });
  if (others.length > 0) throw new AppError("USAGE", { message: `This directory has several sandboxes: ${[only, ...others].map(({ name }) => name).join(", ")}`, fix: "Name the one you mean." });
  return only;
}
