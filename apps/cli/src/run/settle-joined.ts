import path from "node:path";
import { AppError, type Client, type Sandbox } from "@sbx/contracts";
import type { CreateInput } from "./create-with-progress.ts";

/**
 * Bring a sandbox that was there already in line with what was asked for now.
 *
 * Destinations are allowed live. What is fixed when a sandbox is made and differs is refused, never left out in silence:
 * somebody who hides a path relies on it.
 * @throws AppError `SANDBOX_BUSY` that names the options.
 */
export async function settleJoined(client: Client, sandbox: Sandbox, input: CreateInput): Promise<void> {
  const fixed = fixedOptions(sandbox, input);
  if (fixed.length > 0) {
    throw new AppError("SANDBOX_BUSY", {
      message: `The sandbox "${sandbox.name}" was made without ${fixed.join(", ")}, which cannot be changed`,
      fix: `Remove it first with: sbx rm ${sandbox.name}; or make another one with: --name NAME`,
    });
  }
  const wanted = [...(input.allow ?? []), ...(input.allowHostPorts ?? []).map((port) => `host.docker.internal:${port}`)];
  if (wanted.length === 0) return;
  const there = new Set((await client.listRules({ sandbox: sandbox.id })).filter(({ effect }) => effect === "allow").map(({ to }) => to));
  for (const to of new Set(wanted)) if (!there.has(to)) await client.addRule({ effect: "allow", to, sandbox: sandbox.id });
}

/** The options that were given and are not what the sandbox has. */
function fixedOptions({ workspace, hidden, protected: closed, extra, limits, model }: Sandbox, input: CreateInput): readonly string[] {
  const absolute = (paths: readonly string[]): readonly string[] => paths.map((one) => path.resolve(workspace, one));
  const [isHidden, isClosed] = [new Set(absolute(hidden)), new Set(absolute(closed))];
  const source = input.model === "provider" || input.model === "scripted" ? input.model : model.source;
  return [
    ...absolute(input.hide ?? []).flatMap((one) => (isHidden.has(one) ? [] : [`--hide ${one}`])),
    ...absolute(input.allowWrite ?? []).flatMap((one) => (isClosed.has(one) ? [`--allow-write ${one}`] : [])),
    ...(input.extra ?? []).flatMap((one) => (extra.some((has) => has.path === one.path && has.readonly === one.readonly) ? [] : [`--add-dir ${one.path}${one.readonly ? ":ro" : ""}`])),
    ...differs("--cpus", input.limits?.cpus, limits.cpus),
    ...differs("--memory", input.limits?.memoryBytes, limits.memoryBytes),
    ...differs("--pids", input.limits?.pids, limits.pids),
    ...(model.source === "none" ? [] : differs("--model", source, model.source)),
    ...(Object.keys(input.env ?? {}).length > 0 ? ["--env"] : []),
  ];
}

function differs<T>(option: string, asked: T | undefined, has: T): readonly string[] {
  return asked === undefined || asked === has ? [] : [`${option} ${String(asked)}`];
}
