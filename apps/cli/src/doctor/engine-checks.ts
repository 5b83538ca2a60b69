import { AppError } from "@sbx/contracts/app-error";
import { open, readJson } from "@sbx/core/client";
import { connectEngine } from "@sbx/engine-docker";
import type { Context } from "../context.ts";
import { fail, ok, warn, type Check } from "./check.ts";
import { checkDisk } from "./machine-checks.ts";

const TIMEOUT_MS = 10_000;

type Remaps = Awaited<ReturnType<typeof connectEngine>>["info"]["remaps"];

/** The engine as the daemon would find it, and what it offers. Without one, every place that was tried and why not. */
export async function engineChecks({ env, home }: Context): Promise<readonly Check[]> {
  try {
    const { info } = await connectEngine({ environment: env, home });
    const socket = /^unix:\/\/(.+)$/.exec(info.endpoint)?.[1];
    const local =
      socket === undefined
        ? [ok("engine place", `${info.endpoint} may be another machine's: when it starts, the daemon asks it what it sees of this one, and runs beside it where it has to`)]
        : await localChecks(socket);
    return [ok("engine", `${info.name} ${info.version} (API ${info.apiVersion}) at ${info.endpoint}`), ...checkIds(info.remaps, process.geteuid?.() ?? 0), ...local];
  } catch (error) {
    if (!AppError.is(error)) throw error;
    return [fail("engine", error.message, error.fix)];
  }
}

/** Whether an agent can have the id that a workspace's owner has, on an engine whose containers may have other ids. */
export function checkIds(remaps: Remaps, uid: number): readonly Check[] {
  const another = "Point DOCKER_HOST at an engine that leaves ids as they are, or run sbx as root.";
  switch (remaps) {
    case false:
      return [];
    case "perhaps":
      return uid === 0
        ? [ok("ids", "Podman does not say whether its containers have other ids; the first start asks a container")]
        : [warn("ids", `Podman does not say whether its containers have other ids: if it is rootless, uid ${uid} is root inside, which no agent is, and no sandbox starts`, another)];
    case "userns":
      return uid === 0
        ? [ok("ids", "the engine gives its containers other ids (userns-remap); each workspace is mounted with its owner's mapped to them")]
        : [warn("ids", `the engine gives its containers other ids (userns-remap): a sandbox starts only if uid ${uid} is one of them`, another)];
    case "rootless":
      return [warn("ids", `the engine is rootless: uid ${uid} is root inside, which no agent is, so a sandbox starts only if its map has a second place for it`, another)];
  }
}

async function localChecks(socket: string): Promise<readonly Check[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const ask = async (path: string): Promise<unknown> => await readJson(await open(socket, { method: "GET", path, signal }));
  const [info, images] = await Promise.all([ask("/info"), ask(`/images/json?filters=${encodeURIComponent(JSON.stringify({ reference: ["sbx/*"] }))}`)]);
  const root = textOf(info, "DockerRootDir");
  return [checkSeccomp(info), checkCgroup(info), ...(root === undefined ? [] : [await checkDisk("disk (engine)", root)]), checkImages(images)];
}

/** Without seccomp a sandbox could leave setuid files behind, so none is started. */
export function checkSeccomp(info: unknown): Check {
  const options = fieldOf(info, "SecurityOptions");
  const has = Array.isArray(options) && options.some((option) => typeof option === "string" && option.startsWith("name=seccomp"));
  return has ? ok("seccomp", "system calls are filtered") : fail("seccomp", "the engine does not filter system calls", "Use a kernel and an engine built with seccomp.");
}

export function checkCgroup(info: unknown): Check {
  const version = textOf(info, "CgroupVersion") ?? "1";
  const missing = (["MemoryLimit", "PidsLimit", "CpuCfsQuota"] as const).filter((name) => fieldOf(info, name) === false);
  if (missing.length === 0) return ok("cgroup", `version ${version}, with limits on memory, processes and processors`);
  return warn("cgroup", `version ${version}, without ${missing.join(", ")}: a sandbox can use up this machine`, "Switch the missing controllers on; see the engine's manual on cgroups.");
}

function checkImages(images: unknown): Check {
  const tags = (Array.isArray(images) ? images : []).flatMap((image: unknown) => {
    const tags = fieldOf(image, "RepoTags");
    return Array.isArray(tags) ? tags.map(String) : [];
  });
  if (tags.some((tag) => /^(?:[a-z.]+\/)?sbx\/base:/.test(tag))) return ok("images", `${tags.length} of sbx are there, the base image among them`);
  return ok("images", "the base image is made at the first run, which takes some minutes");
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function textOf(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === "string" && field !== "" ? field : undefined;
}
