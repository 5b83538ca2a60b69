import path from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import type { PlannedVolume, ServerPlan } from "@sbx/catalog";
import { AppError, type Rule, type SandboxId } from "@sbx/contracts";
import type { ServerLaunch, ServerVolume } from "@sbx/core";
import type { Secret } from "@sbx/secret-injector";
import { inDirectory, type ServerProgram } from "./server-programs.ts";

interface LaunchParts {
  readonly plan: ServerPlan;
  readonly program: ServerProgram;
  readonly sandbox: SandboxId | undefined;
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Whether its person lets it write to the parts of the workspace that it sees. */
  readonly mayWrite: boolean;
}

/** Put plan and program together to what a pod is made of. @throws AppError `CATALOG_INVALID` */
export function serverLaunch({ plan, program, sandbox, secrets, mayWrite }: LaunchParts): ServerLaunch {
  return {
    server: plan.name,
    sandbox,
    image: program.image,
    command: program.command,
    workdir: program.workdir,
    env: { ...program.env, ...Object.fromEntries(Object.entries(plan.env).map(([name, value]) => [name, inDirectory(value, program.directory)])) },
    secrets,
    ...(program.authorities === undefined ? {} : { authorities: program.authorities }),
    volumes: [...program.volumes, ...plan.volumes.map((volume) => volumeOf(volume, mayWrite))],
    scratch: program.scratch,
    rules: networkRules(plan),
    purpose: "run",
    hosts: plan.extraHosts.flatMap(({ name, address }) => {
      // The wall knows this name by itself; what it leads to is policy.
      if (name === "host.docker.internal") return [];
      if (address !== "host-gateway") return [{ name, address }];
      throw new AppError("CATALOG_INVALID", { message: `Server "${plan.name}" calls this machine "${name}"`, fix: "This machine is host.docker.internal; give the entry that name." });
    }),
    limits: plan.limits,
  };
}

/** A part of the workspace is read-only unless entry and person both say otherwise. */
function volumeOf({ source, target, readonly }: PlannedVolume, mayWrite: boolean): ServerVolume {
  return source.kind === "path" ? { kind: "part", path: source.path, target, readonly: readonly || !mayWrite } : { kind: "data", name: source.name, target, readonly };
}

/** What entry and configuration let the server reach; policy has judged both together before it comes to this. */
function networkRules({ network }: ServerPlan): readonly Rule[] {
  if (network.kind === "none") return [];
  return network.destinations.map(({ to }, index) => ({ id: `entry:${index + 1}`, effect: "allow", to, layer: "profile" }));
}

/** Tells a server where it sees a directory of the sandbox, by the parts of the workspace that it was given. */
export function rootsSeenBy({ volumes }: Pick<ServerLaunch, "volumes">): (uri: string) => string | undefined {
  return (uri) => {
    const place = placeOf(uri);
    if (place === undefined) return undefined;
    for (const volume of volumes) {
      if (volume.kind !== "part") continue;
      const below = path.relative(volume.path, place);
      if (below === "" || (!below.startsWith("..") && !path.isAbsolute(below))) return pathToFileURL(path.join(volume.target, below)).href;
    }
    return undefined;
  };
}

function placeOf(uri: string): string | undefined {
  try {
    return path.normalize(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}
