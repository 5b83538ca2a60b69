import { AppError, type CreateSandbox } from "@sbx/contracts";
import { resolvePath } from "../workspace/git-link.ts";
import type { LiveSandbox } from "./sandbox-parts.ts";

/**
 * Refuse a sandbox that is there already where it lacks what is asked for now and what is fixed when one is made: it is
 * never left out in silence, because somebody who hides a path relies on it.
 *
 * @throws AppError `SANDBOX_BUSY` that names the options
 */
export function refuseOtherOptions(live: LiveSandbox, wanted: CreateSandbox): void {
  const { name } = live.record;
  const fixed = [...otherPaths(live, wanted), ...otherResources(live, wanted)];
  if (fixed.length === 0) return;
  throw new AppError("SANDBOX_BUSY", {
    message: `The sandbox "${name}" was made without ${fixed.join(", ")}, which cannot be changed`,
    fix: `Remove it first with: sbx rm ${name}; or make another one with: --name NAME`,
    details: { options: fixed },
  });
}

/** The destinations that a caller wants to be allowed, as rules write them. They are added to a sandbox while it runs. */
export function wantedDestinations({ allow, allowHostPorts }: Pick<CreateSandbox, "allow" | "allowHostPorts">): readonly string[] {
  return [...new Set([...allow, ...allowHostPorts.map((port) => `host.docker.internal:${port}`)])];
}

function otherPaths({ record, running }: LiveSandbox, { hide, allowWrite, extra }: CreateSandbox): readonly string[] {
  const { workspace } = record.request;
  const absolute = (path: string): string => resolvePath(workspace, path);
  // What one that runs hides is what its start found to hide; a stopped one looks again when it starts.
  const hidden = new Set((running ? record.hidden : record.request.hide).map(absolute));
  const closed = new Set(record.protected.map(absolute));
  const has = ({ path, readonly }: CreateSandbox["extra"][number]): boolean => record.request.extra.some((one) => one.path === path && one.readonly === readonly);
  return [
    ...hide.filter((path) => !hidden.has(absolute(path))).map((path) => `--hide ${path}`),
    ...allowWrite.filter((path) => closed.has(absolute(path))).map((path) => `--allow-write ${path}`),
    ...extra.filter((one) => !has(one)).map(({ path, readonly }) => `--add-dir ${path}${readonly ? ":ro" : ""}`),
  ];
}

function otherResources(
  { record: { request, modelSource } }: LiveSandbox,
  { limits, model, env, docker, dockerPolicy, template, kits, args, skills, share = [], reject = [], gitIdentity, sshAgent }: CreateSandbox,
): readonly string[] {
  return [
    ...differs("--cpus", limits.cpus, request.limits.cpus),
    ...differs("--memory", limits.memoryBytes, request.limits.memoryBytes),
    ...differs("--disk", limits.diskBytes, request.limits.diskBytes),
    ...differs("--template", template, request.template),
    ...differs("--skills", skills, request.skills ?? "readonly"),
    ...differs("--pids", limits.pids, request.limits.pids),
    ...differs("--mount-docker-socket", docker === "none" ? undefined : docker, request.docker),
    ...(dockerPolicy === undefined || JSON.stringify(dockerPolicy) === JSON.stringify(request.dockerPolicy) ? [] : ["--docker-policy of this content"]),
    ...(modelSource === "none" || model === "auto" ? [] : differs("--model", model, modelSource)),
    ...share.filter((path) => request.share?.includes(path) !== true).map((path) => `--share ${path}`),
    ...reject.filter((type) => request.reject?.includes(type) !== true).map((type) => `--reject-capability ${type}`),
    ...differs("--git-identity-config", gitIdentity, request.gitIdentity ?? "that"),
    // Where it lies is another question: it changes when a person logs in anew.
    ...(sshAgent === undefined || request.sshAgent !== undefined ? [] : ["--ssh-agent"]),
    ...kits.filter((kit) => !request.kits.includes(kit)).map((kit) => `--kit ${kit}`),
    ...Object.keys(args)
      .filter((name) => request.args[name] !== args[name])
      .map((name) => `--arg ${name}`),
    // Values are nobody's to read in a message.
    ...Object.keys(env)
      .filter((name) => request.env[name] !== env[name])
      .map((name) => `--env ${name}`),
  ];
}

function differs<T>(option: string, asked: T | undefined, has: T): readonly string[] {
  return asked === undefined || asked === has ? [] : [`${option} ${String(asked)}`];
}
